package objects

import (
	"testing"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/transport"
)

// TestPages: pages hold so many rows, and together all that there is, once.
func TestPages(t *testing.T) {
	all := NodeState{Sessions: make([]SessionState, 3)}
	for i := range 3000 {
		all.Exports = append(all.Exports, ExportState{Object: uint64(i), Holders: make([]HolderState, i%5)})
		all.Imports = append(all.Imports, ImportState{Object: uint64(i)})
	}
	var got NodeState
	for pages := 0; ; pages++ {
		p := page(all, len(got.Exports)+len(got.Imports))
		rows := len(p.State.Imports)
		for _, e := range p.State.Exports {
			rows += 1 + len(e.Holders)
		}
		if rows > pageRows+4 || rows < pageRows && p.More || (len(p.State.Sessions) > 0) != (pages == 0) {
			t.Errorf("page %d has %d rows, %d sessions", pages, rows, len(p.State.Sessions))
		}
		got.Exports = append(got.Exports, p.State.Exports...)
		got.Imports = append(got.Imports, p.State.Imports...)
		if !p.More {
			break
		}
	}
	for i := range 3000 {
		if got.Exports[i].Object != uint64(i) || got.Imports[i].Object != uint64(i) {
			t.Fatalf("object %d is not in its place", i)
		}
	}
	for _, skip := range []int{-1, 6000, 1 << 60} {
		if p := page(all, skip); skip > 0 && (p.More || len(p.State.Exports)+len(p.State.Imports) > 0) {
			t.Errorf("after %d objects: %+v", skip, p)
		}
	}
}

func TestOnThisMachine(t *testing.T) {
	for _, c := range []struct {
		scheme, remote string
		want           bool
	}{
		{"tcp", "tcp://127.0.0.1:7000", true},
		{"tls", "tls://[::1]:7000", true},
		{"tcp", "tcp://[::ffff:127.0.0.1]:7000", true},
		{"unix", "unix:///run/a", true},
		{"tcp", "tcp://10.0.0.5:7000", false},
		{"tls", "tls://localhost.example.com:7000", false},
		{"tcp", "::", false},
	} {
		if got := onThisMachine(Peer{Transport: transport.Info{Scheme: c.scheme, Remote: c.remote}}); got != c.want {
			t.Errorf("%s: %v", c.remote, got)
		}
	}
}

// TestAges: every object's age is known, the younger the better, in bounded memory.
func TestAges(t *testing.T) {
	const n = 1 << 20
	var a ages
	for i := range n {
		a.note(lifetime.ObjectID(2*i+1), uint32(i+1)) // two objects in each second
		a.note(lifetime.ObjectID(2*i+2), uint32(i+1))
	}
	if len(a.marks) > maxMarks {
		t.Errorf("%d marks", len(a.marks))
	}
	for id := lifetime.ObjectID(1); id <= 2*n; id++ {
		born := uint32(id+1) / 2
		if got := a.at(id); got > born || born-got > (n-born)/20 {
			t.Fatalf("object %d was exported at %d, not %d", id, got, born)
		}
	}
}
