package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Handshake frames are the magic "NOBJ", a length of four bytes in network
// order, and so many bytes of CBOR. The magic and the meaning of the length stay
// the same in all versions, so that the oldest node can tell a newer one why it
// does not understand it.

const magic = "NOBJ"

// MaxFrame is the largest handshake frame, in bytes.
const MaxFrame = 64 << 10

// ForeignError says that the peer speaks another protocol.
type ForeignError struct {
	Protocol string // as far as it can be told: "HTTP", "TLS", "an unknown protocol"
	First    []byte // what it sent first
}

// Error names the protocol.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("peer speaks %s, not netobj: it began with %q", e.Protocol, e.First)
}

// IsForeign reports whether err is a ForeignError.
func IsForeign(err error) bool {
	_, ok := errors.AsType[*ForeignError](err)
	return ok
}

func writeFrame(w io.Writer, payload []byte) error {
	frame := append([]byte(magic), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(frame[len(magic):], uint32(len(payload)))
	_, err := w.Write(append(frame, payload...))
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [len(magic) + 4]byte
	if n, err := io.ReadFull(r, head[:]); err != nil {
		if n > 0 && string(head[:min(n, len(magic))]) != magic[:min(n, len(magic))] {
			return nil, foreign(head[:n])
		}
		return nil, cut(n, err)
	}
	if string(head[:len(magic)]) != magic {
		return nil, foreign(head[:])
	}
	size := binary.BigEndian.Uint32(head[len(magic):])
	if size > MaxFrame {
		return nil, fmt.Errorf("handshake frame of %d bytes, at most %d are allowed", size, MaxFrame)
	}
	payload := make([]byte, size)
	if n, err := io.ReadFull(r, payload); err != nil {
		return nil, cut(len(head)+n, err)
	}
	return payload, nil
}

// cut says how far the peer came.
func cut(n int, err error) error {
	return fmt.Errorf("handshake stopped after %d bytes: %w", n, err)
}

// foreign guesses who is talking.
func foreign(first []byte) error {
	e := &ForeignError{Protocol: "an unknown protocol", First: append([]byte(nil), first...)}
	switch text := string(first[:min(len(first), 4)]); {
	case text == "GET " || text == "POST" || text == "HEAD" || text == "PUT " || text == "HTTP" || text == "PRI " || text == "OPTI" || text == "CONN" || text == "DELE":
		e.Protocol = "HTTP"
	case len(text) > 2 && text[0] == 0x16 && text[1] == 3:
		e.Protocol = "TLS"
	case text == "SSH-":
		e.Protocol = "SSH"
	}
	return e
}
