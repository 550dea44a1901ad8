package transport

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// Bulk streams through yamux: Config.ThroughYamux.

// yamuxOut is one of ours.
type yamuxOut struct {
	conn   *muxConn
	stream *yamux.Stream
}

// write implements outbound.
func (y *yamuxOut) write(ctx context.Context, head heading, body []byte) error {
	var quitting sync.Mutex
	proceed := func() error { // allows one more chunk
		quitting.Lock()
		defer quitting.Unlock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return y.stream.SetWriteDeadline(time.Now().Add(y.conn.cfg.StallTimeout))
	}
	y.stream.SetWriteDeadline(time.Now().Add(y.conn.cfg.StallTimeout))
	if _, err := y.stream.Write(head.append(nil)); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() {
		quitting.Lock()
		defer quitting.Unlock()
		y.stream.SetWriteDeadline(time.Now()) // also where it waits for the receiver
	})()
	for head.size > 0 {
		if err := proceed(); err != nil {
			return err
		}
		n := min(len(body), y.conn.cfg.Chunk)
		if _, err := y.stream.Write(body[:n]); err != nil {
			return err
		}
		if body = body[n:]; len(body) == 0 {
			break
		}
	}
	return y.stillTaken()
}

// stillTaken returns an error when the receiver has closed the stream: yamux writes
// on as if somebody read.
func (y *yamuxOut) stillTaken() error {
	y.stream.SetReadDeadline(time.Unix(1, 0)) // long past: nothing ever comes but the end
	_, err := y.stream.Read(make([]byte, 1))
	switch {
	case errors.Is(err, yamux.ErrTimeout):
		return nil
	case y.conn.ctx.Err() != nil || y.stream.Session().IsClosed():
		return yamux.ErrSessionShutdown // that closes streams, too
	}
	return errGivenUp
}

// giveUp implements outbound.
func (y *yamuxOut) giveUp() { giveUp(y.stream) }

// yamuxIn is one of the peer's.
type yamuxIn struct {
	*bufio.Reader // small, for the headings; bodies are read past it
	stream        *yamux.Stream
	timeout       time.Duration // of a silence
}

func newYamuxIn(s *yamux.Stream) *yamuxIn {
	return &yamuxIn{Reader: bufio.NewReaderSize(s, 64), stream: s}
}

func (y *yamuxIn) patience(timeout time.Duration) {
	y.timeout = timeout
	y.stream.SetReadDeadline(time.Now().Add(timeout))
}

func (y *yamuxIn) readFull(p []byte) error {
	_, err := io.ReadFull(patient{y}, p)
	return err
}

func (y *yamuxIn) discard(n int64) error {
	_, err := io.CopyN(io.Discard, patient{y}, n)
	return err
}

func (y *yamuxIn) idle() {
	y.stream.Shrink()
	y.stream.SetReadDeadline(time.Time{})
}

func (y *yamuxIn) end() {}

// patient is a reader that bounds each silence anew.
type patient struct{ *yamuxIn }

func (p patient) Read(buf []byte) (int, error) {
	p.patience(p.timeout)
	return p.Reader.Read(buf)
}
