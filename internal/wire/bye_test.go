package wire_test

import (
	"bytes"
	"testing"

	"github.com/netobj/netobj/internal/wire"
)

func FuzzBye(f *testing.F) { codecNamed(f, "bye").fuzz(f) }

func TestALongTextIsReadAsFarAsAllowed(t *testing.T) {
	msg := append([]byte{0x83, 7, 0, 0x79, 0x10, 0x00}, bytes.Repeat([]byte("x"), 4096)...)
	var m wire.Bye
	if err := wire.ParseBye(msg, &m); err != nil || len(m.Text) != wire.MaxText {
		t.Errorf("%d bytes, error %v", len(m.Text), err)
	}
}
