package transport_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/netobj/netobj/transport"
)

// tap carries a TLS connection to its server and notes the records of the client.
type tap struct {
	mu      sync.Mutex // guards what follows
	records []int      // bytes of each record of data
}

// take returns what was noted since it was asked before.
func (p *tap) take() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	records := p.records
	p.records = nil
	return records
}

// carry copies records until the client's end.
func (p *tap) carry(server io.Writer, client io.Reader) {
	var record [5 + 1<<14 + 256]byte // RFC 8446, section 5.2
	for {
		if _, err := io.ReadFull(client, record[:5]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(record[3:5]))
		if _, err := io.ReadFull(client, record[5:5+n]); err != nil {
			return
		}
		if record[0] == 23 { // application data
			p.mu.Lock()
			p.records = append(p.records, n)
			p.mu.Unlock()
		}
		server.Write(record[:5+n])
	}
}

// newTap returns a tap on the way to a listener, and its address.
func newTap(t *testing.T, url string) (*tap, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("tcp", strings.TrimPrefix(url, "tls://"))
		if err != nil {
			t.Error(err)
			return
		}
		carrying.Go(func() {
			io.Copy(client, server)
			client.Close()
		})
		p.carry(server, client)
		server.Close()
	})
	t.Cleanup(func() {
		l.Close()
		carrying.Wait()
	})
	return p, "tls://" + l.Addr().String()
}

// TestRecords: what is written at once leaves in one TLS record, or in as few as
// hold it.
func TestRecords(t *testing.T) {
	config := &transport.Config{TLS: selfSigned(t)}
	accepted := acceptOne(t, "tls://127.0.0.1:0", config)
	tap, url := newTap(t, accepted.url)
	link, err := transport.Dial(t.Context(), url, config)
	if err != nil {
		t.Fatal(err)
	}
	dialer, err := link.Open(transport.Dialer, config)
	if err != nil {
		t.Fatal(err)
	}
	acceptor := <-accepted.conn
	at, by := newRecorder(), newRecorder()
	go at.serve(acceptor)
	go by.serve(dialer)
	defer acceptor.Abort(nil)
	defer dialer.Abort(nil)

	receive := func(n int) []int {
		for range n {
			<-at.lane
		}
		return tap.take()
	}
	dialer.Send(t.Context(), []byte("first"), nil)
	receive(1)
	for range 10 {
		if err := dialer.Queue(t.Context(), make([]byte, 1000), nil); err != nil {
			t.Fatal(err)
		}
	}
	dialer.Flush()
	if records := receive(10); len(records) != 1 || records[0] < 10_000 {
		t.Errorf("ten messages: records of %v bytes", records)
	}
	if err := dialer.SendBody(t.Context(), 1, make([]byte, 200_000)); err != nil {
		t.Fatal(err)
	}
	<-at.done
	// One opens the stream, then 13 hold the body and its heading.
	if records := tap.take(); len(records) != 1+13 {
		t.Errorf("a body: %d records of %v bytes", len(records), records)
	}
}
