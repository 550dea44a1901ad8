package transport

import (
	"fmt"
	"io"
	"time"
)

// inbound is a bulk stream of the peer, as its receiver uses it. An error is io.EOF
// when the sender has closed the stream.
type inbound interface {
	io.ByteReader // for headings
	// patience bounds the silence from now on; zero: there is no bound.
	patience(timeout time.Duration)
	// readFull fills p. After an error p may still be written to.
	readFull(p []byte) error
	// discard skips n bytes.
	discard(n int64) error
	// idle has the stream keep no memory until the next body, and takes any silence.
	idle()
	// end takes no more.
	end()
}

// receive takes the bodies of one inbound stream, until the stream ends or a
// body does not come in time.
func (c *muxConn) receive(in inbound, h Handler) {
	defer in.end()
	in.patience(c.cfg.FirstByteTimeout)
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
		if !c.takeBody(in, head, h) {
			return
		}
		in.idle()
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
func (c *muxConn) takeBody(in inbound, head heading, h Handler) bool {
	buf, err := h.Body(c.ctx, head.id, int64(head.size))
	if err != nil {
		c.Abort(err)
		h.BodyDone(head.id, nil, err)
		return false
	}
	in.patience(c.cfg.StallTimeout)
	if buf == nil {
		err = in.discard(int64(head.size))
	} else {
		err = in.readFull(buf)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // the sender gave up
	}
	err = c.explain(err)
	if err != nil && c.ctx.Err() == nil && !c.session.IsClosed() {
		err = fmt.Errorf("%w: %w", ErrBodyLost, err)
	}
	h.BodyDone(head.id, buf, err)
	return err == nil
}
