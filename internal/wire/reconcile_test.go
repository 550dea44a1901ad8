package wire_test

import (
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/wire"
)

func FuzzAck(f *testing.F)         { codecNamed(f, "ack").fuzz(f) }
func FuzzReconcile(f *testing.F)   { codecNamed(f, "reconcile").fuzz(f) }
func FuzzClaim(f *testing.F)       { codecNamed(f, "claim").fuzz(f) }
func FuzzClaimResult(f *testing.F) { codecNamed(f, "claimresult").fuzz(f) }

// A part of a statement fits a message that is no Call.
func TestReconcileIsBoundedAsAWhole(t *testing.T) {
	const most = 1<<64 - 1
	m := wire.Reconcile{Conn: most, More: true}
	for range wire.MaxEntries - 2 {
		m.Held = append(m.Held, wire.Entry{XID: most, N: most})
	}
	m.Calls, m.Have = []uint64{most}, []uint64{most}
	b := m.Append(nil)
	if len(b) >= 32<<10 {
		t.Errorf("%d bytes", len(b))
	}
	if err := wire.ParseReconcile(b, new(wire.Reconcile)); err != nil {
		t.Error(err)
	}
	m.Have = append(m.Have, most)
	if err := wire.ParseReconcile(m.Append(nil), new(wire.Reconcile)); err == nil || !strings.Contains(err.Error(), "are allowed") {
		t.Errorf("one too many: error %v", err)
	}
}
