package wire_test

import (
	"errors"
	"testing"

	"github.com/netobj/netobj/internal/wire"
)

func FuzzReturn(f *testing.F) { codecNamed(f, "return").fuzz(f) }

// The call that a reserved Return ends is to fail, and its references count.
func TestOfAReservedReturnTheRestIsValid(t *testing.T) {
	var m wire.Return
	err := wire.ParseReturn((&wire.Return{ID: 7, Status: 3, Caps: []wire.Cap{mine(1, 2, account)}}).AppendHead(nil, 0), &m, 1)
	if !errors.Is(err, wire.ErrReserved) || m.ID != 7 || m.Status != 3 || len(m.Caps) != 1 || m.Caps[0] != mine(1, 2, account) {
		t.Errorf("%+v, error %v", m, err)
	}
}
