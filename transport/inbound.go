package transport

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/yamux"
)

// receive takes the bodies of one inbound stream, until the stream ends or a
// body does not come in time.
func (c *muxConn) receive(s *yamux.Stream, h Handler) {
	in := bufio.NewReaderSize(s, 64) // for the headings; bodies are read past it
	s.SetReadDeadline(time.Now().Add(c.cfg.FirstByteTimeout))
	for {
		head, err := readHeading(in)
		if _, broken := err.(*ProtocolError); broken {
			// The peer may not have it cheaper than this: yamux would keep a stream
			// that only we close for a while.
			c.Abort(err)
		}
		if err != nil {
			return // or: the sender closed an idle stream, or the connection ended
		}
		if head.size > uint64(c.cfg.MaxBody) {
			c.Abort(violation("body of %d bytes, the limit is %d", head.size, c.cfg.MaxBody))
			return
		}
		if !c.takeBody(s, in, head, h) {
			return
		}
		s.Shrink() // an idle stream keeps no buffer
		s.SetReadDeadline(time.Time{})
	}
}

func readHeading(in io.ByteReader) (head heading, err error) {
	if head.id, err = readUvarint(in); err == nil {
		head.size, err = readUvarint(in)
	}
	return head, err
}

// readUvarint is binary.ReadUvarint that tells an end from a violation. io.EOF
// means that there was nothing.
func readUvarint(r io.ByteReader) (uint64, error) {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := r.ReadByte()
		if err == io.EOF && shift > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		if shift == 63 && b > 1 {
			break // more than 64 bits
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v, nil
		}
	}
	return 0, violation("number of more than 64 bits")
}

// takeBody hands one body to the handler; false ends the stream.
func (c *muxConn) takeBody(s *yamux.Stream, in *bufio.Reader, head heading, h Handler) bool {
	buf, err := h.Body(c.ctx, head.id, int64(head.size))
	if err != nil {
		c.Abort(err)
		h.BodyDone(head.id, nil, err)
		return false
	}
	r := &patient{s, in, c.cfg.StallTimeout}
	if buf == nil {
		_, err = io.CopyN(io.Discard, r, int64(head.size))
	} else {
		_, err = io.ReadFull(r, buf)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // the sender gave up
	}
	err = c.explain(err)
	if err != nil && !s.Session().IsClosed() {
		err = fmt.Errorf("%w: %w", ErrBodyLost, err)
	}
	h.BodyDone(head.id, buf, err)
	return err == nil
}

// patient is a reader that waits for each read at most so long.
type patient struct {
	s       *yamux.Stream
	r       io.Reader
	timeout time.Duration
}

func (p *patient) Read(buf []byte) (int, error) {
	p.s.SetReadDeadline(time.Now().Add(p.timeout))
	return p.r.Read(buf)
}
