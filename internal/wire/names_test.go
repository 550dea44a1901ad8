package wire

import (
	"fmt"
	"testing"
	"unsafe"
)

// TestNamesAreShared: the same name is the same memory, as long as there are not
// too many; a peer cannot make it keep more.
func TestNamesAreShared(t *testing.T) {
	var names Names
	name := func(i int) []byte { return fmt.Appendf(nil, "example.com/bank.Account%d", i) }
	for range 2 {
		for i := range 2 * maxNames {
			first, again := names.text(name(i)), names.text(name(i))
			if first != string(name(i)) || again != first {
				t.Fatalf("%s is %q and %q", name(i), first, again)
			}
			if shared := unsafe.StringData(first) == unsafe.StringData(again); shared != (i < maxNames) {
				t.Fatalf("name %d of at most %d: shared is %v", i, maxNames, shared)
			}
		}
	}
	if len(names.known) != maxNames {
		t.Errorf("%d names are kept", len(names.known))
	}
	if got := (*Names)(nil).text(name(1)); got != string(name(1)) {
		t.Errorf("without memory it is %q", got)
	}
}

// TestNamesOfAMessage: parsing a message again allocates no name.
func TestNamesOfAMessage(t *testing.T) {
	m := Return{Names: new(Names)}
	msg := (&Return{ID: 7, Caps: []Cap{{Kind: CapMine, XID: 1, Object: 2, Iface: "example.com/bank.Account"}}}).AppendHead(nil, 0)
	parse := func() {
		if err := ParseReturn(msg, &m, 1); err != nil || m.Caps[0].Iface != "example.com/bank.Account" {
			t.Fatalf("%v, %v", m.Caps, err)
		}
	}
	parse()
	if n := testing.AllocsPerRun(100, parse); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
