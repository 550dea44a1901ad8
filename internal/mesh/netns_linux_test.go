package mesh

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// namespaces are two network namespaces of this test with a cable between them. The
// owner sits in the first.
type namespaces struct {
	t    *testing.T
	name [2]string
	end  [2]string // of the cable
}

const ownerAddress, holderAddress = "10.99.0.1", "10.99.0.2" // within the namespaces alone

// newNamespaces makes the namespaces, and removes them at the end of the test. Where that
// is not possible or not allowed the test is skipped.
func newNamespaces(t *testing.T, id int) *namespaces {
	t.Helper()
	n := &namespaces{t: t}
	for i, side := range []string{"a", "b"} {
		n.name[i] = fmt.Sprintf("netobj-%d-%d%s", os.Getpid(), id, side)
		n.end[i] = "end-" + side
		if out, err := ip("netns", "add", n.name[i]); err != nil {
			t.Skipf("no network namespace can be made here (%v: %s); TestPartitions does the same with a proxy", err, strings.TrimSpace(out))
		}
		t.Cleanup(func() { ip("netns", "del", n.name[i]) })
	}
	if out, err := ip("link", "add", n.end[0], "netns", n.name[0], "type", "veth", "peer", "name", n.end[1], "netns", n.name[1]); err != nil {
		t.Skipf("no virtual cable can be laid here (%v: %s); TestPartitions does the same with a proxy", err, strings.TrimSpace(out))
	}
	for i, address := range []string{ownerAddress, holderAddress} {
		n.in(i, "addr", "add", address+"/24", "dev", n.end[i])
		n.in(i, "link", "set", n.end[i], "up")
	}
	return n
}

func ip(args ...string) (string, error) {
	out, err := exec.Command("ip", args...).CombinedOutput()
	return string(out), err
}

// in runs ip in one of the namespaces.
func (n *namespaces) in(side int, args ...string) {
	n.t.Helper()
	if out, err := ip(append([]string{"-n", n.name[side]}, args...)...); err != nil {
		n.t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}

// cuts are what can happen to the cable, and what mends it.
var cuts = map[string][2]func(n *namespaces){
	"cable": {
		func(n *namespaces) { n.in(0, "link", "set", n.end[0], "down") },
		func(n *namespaces) { n.in(0, "link", "set", n.end[0], "up") },
	},
	"way to the owner": {
		func(n *namespaces) { n.in(1, "route", "add", "blackhole", ownerAddress+"/32") },
		func(n *namespaces) { n.in(1, "route", "del", "blackhole", ownerAddress+"/32") },
	},
	"way to the holder": {
		func(n *namespaces) { n.in(0, "route", "add", "blackhole", holderAddress+"/32") },
		func(n *namespaces) { n.in(0, "route", "del", "blackhole", holderAddress+"/32") },
	},
}

// TestNamespacePartitions is TestPartitions with a network of the kernel's.
func TestNamespacePartitions(t *testing.T) {
	t.Parallel()
	made := 0
	for name, cut := range cuts {
		for _, late := range []bool{false, true} {
			made++
			id := made
			t.Run(fmt.Sprintf("%s, late %v", name, late), func(t *testing.T) {
				t.Parallel()
				n := newNamespaces(t, id)
				strike, mend := func() { cut[0](n) }, func() { cut[1](n) }
				if late {
					partedByCable(n, watchful(shortLease)).breaks(strike, mend)
				} else {
					partedByCable(n, watchful(longLease)).keeps(strike, mend)
				}
			})
		}
	}
}

// partedByCable starts an owner and a holder in the two namespaces.
func partedByCable(n *namespaces, config NodeConfig) *parted {
	n.t.Helper()
	config.AllowPlaintext = true // the network ends where the test does
	p := &parted{control: newControl(n.t)}
	start := func(side int, address string) *process {
		return p.start(Config{Listen: []string{"tcp://" + address + ":0"}, Node: config}, "ip", "netns", "exec", n.name[side])
	}
	p.owner, p.holder = start(0, ownerAddress), start(1, holderAddress)
	p.ready()
	p.url = p.owner.peer.URL
	return p
}
