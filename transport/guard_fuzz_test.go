package transport

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// tap records what is read from a conn. It is looked at when its reader has
// ended.
type tap struct {
	net.Conn
	seen bytes.Buffer
}

func (c *tap) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.seen.Write(p[:n])
	return n, err
}

// dialogue lets two genuine yamux sessions do what the script says, and returns
// what each of them was sent.
func dialogue(tb testing.TB, script []byte) (toServer, toClient []byte) {
	near, far := net.Pipe()
	ends := [2]*tap{{Conn: near}, {Conn: far}}
	config := yamux.DefaultConfig()
	config.LogOutput, config.EnableKeepAlive, config.MaxStreamWindowSize = io.Discard, false, 1<<20
	client, err := yamux.Client(ends[0], config)
	if err != nil {
		tb.Fatal(err)
	}
	server, err := yamux.Server(ends[1], config)
	if err != nil {
		tb.Fatal(err)
	}
	sessions := [2]*yamux.Session{client, server}
	for _, s := range sessions {
		go echo(s)
	}
	for _, step := range script[:min(len(script), 20)] { // as many pings are allowed at once
		perform(sessions[step&1], step>>1)
	}
	for _, s := range sessions {
		s.GoAway()
	}
	for _, s := range sessions {
		s.Close()
	}
	return ends[1].seen.Bytes(), ends[0].seen.Bytes()
}

// echo answers on each stream with what comes, until the session ends.
func echo(s *yamux.Session) {
	for {
		stream, err := s.AcceptStream()
		if err != nil {
			return
		}
		go func() {
			io.Copy(stream, stream)
			stream.Close()
		}()
	}
}

// perform is one step: a ping, or a stream with data of some size that is read
// back, or not, and closed, or not.
func perform(s *yamux.Session, step byte) {
	if step&3 == 0 {
		s.Ping()
		return
	}
	stream, err := s.OpenStream()
	if err != nil {
		return
	}
	data := make([]byte, int(step>>3)*997)
	stream.Write(data)
	if step&1 != 0 {
		io.ReadFull(stream, data)
	}
	if step&2 != 0 {
		stream.Close()
	}
}

// FuzzGuard feeds the guard arbitrary bytes in pieces of arbitrary size: it must
// not panic, and must find the same whatever the pieces. When genuine is set, the
// bytes are a script for two yamux sessions instead: what they send must pass.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}, uint8(5), false)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 'a', 'b', 'c', 0, 2, 0, 1}, uint8(1), false)
	f.Add([]byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint8(12), false)
	f.Add([]byte{0x0e, 0x0f, 0xf2, 0x00, 0xff}, uint8(13), true)
	f.Fuzz(func(t *testing.T, input []byte, piece uint8, genuine bool) {
		if genuine {
			genuinePasses(t, input, int(piece))
			return
		}
		for _, role := range []Role{Dialer, Acceptor} {
			whole, wholeErr := shown(role, input, len(input))
			pieces, piecesErr := shown(role, input, int(piece))
			if (wholeErr == nil) != (piecesErr == nil) || wholeErr != nil && wholeErr.Error() != piecesErr.Error() {
				t.Errorf("at once: %v; in pieces of %d: %v", wholeErr, piece, piecesErr)
			}
			if wholeErr == nil && (whole.have != pieces.have || whole.skip != pieces.skip || whole.lastID != pieces.lastID) {
				t.Errorf("at once: %+v; in pieces of %d: %+v", whole, piece, pieces)
			}
		}
	})
}

func genuinePasses(t *testing.T, script []byte, piece int) {
	toServer, toClient := dialogue(t, script)
	if _, err := shown(Acceptor, toServer, piece); err != nil {
		t.Errorf("a genuine client was refused: %v", err)
	}
	if _, err := shown(Dialer, toClient, piece); err != nil {
		t.Errorf("a genuine server was refused: %v", err)
	}
}

// shown shows input in pieces to a guard for which no time passes.
func shown(role Role, input []byte, piece int) (*guard, error) {
	start := time.Unix(0, 0)
	var told error
	g := newGuard(role, 1<<20, func() time.Time { return start }, func(err error) { told = err })
	for piece = max(piece, 1); len(input) > 0; {
		n := min(piece, len(input))
		if err := g.inspect(input[:n]); err != nil {
			if told != err {
				panic("the violation was not told")
			}
			return g, err
		}
		input = input[n:]
	}
	return g, nil
}
