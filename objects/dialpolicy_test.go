package objects

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// Introducers, by where they are.
var (
	onLoopback  = Peer{Transport: transport.Info{Scheme: "tcp", Remote: "tcp://127.0.0.1:40000"}}
	onSocket    = Peer{Transport: transport.Info{Scheme: "unix", Remote: "unix:///run/registry"}}
	elsewhere   = Peer{Transport: transport.Info{Scheme: "tls", Remote: "tls://192.0.2.7:7000"}}
	onTheirLink = Peer{Transport: transport.Info{Scheme: "tls", Remote: "tls://[fe80::7%25eth0]:7000"}}
	inMemory    = Peer{Transport: transport.Info{Scheme: "pipe", Remote: "pipe://registry", InMemory: true}}
)

// TestT7WhoMayBeDialled is the default policy, rule by rule.
func TestT7WhoMayBeDialled(t *testing.T) {
	key := make([]byte, 32)
	careful, plain := (&Config{}).defaults(), (&Config{AllowPlaintext: true}).defaults()
	for _, c := range []struct {
		by   Peer
		addr string
		key  []byte
		want string // who may: "both", "plain" (with AllowPlaintext) or nobody
	}{
		// (i) the same host, in plaintext too
		{onLoopback, "tcp://127.0.0.1:7000", nil, "both"},
		{onLoopback, "tcp://[::1]:7000", nil, "both"},
		{onLoopback, "tcp://localhost:7000", nil, "both"},
		{onLoopback, "tls://127.0.0.1:7000", nil, "both"},
		{onLoopback, "unix:///run/a", nil, "both"},
		{onSocket, "tcp://127.0.0.1:7000", nil, "both"},
		{inMemory, "pipe://a", nil, "both"},
		{inMemory, "unix:///run/a", nil, "both"},
		{onLoopback, "pipe://a", nil, ""},
		// never loopback from elsewhere
		{elsewhere, "tcp://127.0.0.1:7000", nil, ""},
		{elsewhere, "tls://127.0.0.1:7000", key, ""},
		{elsewhere, "tls://[::ffff:127.0.0.1]:7000", key, ""},
		{elsewhere, "tls://localhost:7000", key, ""},
		{elsewhere, "unix:///run/a", key, ""},
		{elsewhere, "pipe://a", key, ""},
		{onTheirLink, "tls://[::1]:7000", key, ""},
		// nor what means any host, or many
		{onLoopback, "tcp://0.0.0.0:7000", nil, ""},
		{onLoopback, "tls://[::]:7000", key, ""},
		{elsewhere, "tls://224.0.0.1:7000", key, ""},
		// link-local for those on the link
		{elsewhere, "tls://169.254.169.254:80", key, ""},
		{onLoopback, "tls://[fe80::1]:80", key, ""},
		{onTheirLink, "tls://[fe80::1%25eth0]:80", key, "both"},
		{onTheirLink, "tcp://[fe80::1]:80", nil, "plain"},
		// (ii) identity
		{elsewhere, "tls://192.0.2.9:7000", key, "both"},
		{elsewhere, "tls://bank.example.com:7000", key, "both"},
		{elsewhere, "tls://192.0.2.9:7000", nil, ""},
		{onLoopback, "tls://192.0.2.9:7000", nil, ""},
		// (iii) plaintext chosen by name
		{elsewhere, "tcp://192.0.2.9:7000", nil, "plain"},
		{elsewhere, "tcp://192.0.2.9:7000", key, "plain"},
		{onLoopback, "tcp://10.0.0.9:7000", nil, "plain"},
		// no addresses
		{onLoopback, "", key, ""},
		{onLoopback, "127.0.0.1:7000", key, ""},
		{onLoopback, "http://127.0.0.1:7000", key, ""},
		{onLoopback, "tcp://127.0.0.1 :7000", key, ""},
	} {
		i := Introduction{Introducer: c.by, Addr: c.addr, Key: c.key}
		if careful.DialPolicy(i) != (c.want == "both") || plain.DialPolicy(i) != (c.want != "") {
			t.Errorf("%s by %s, key %v: %v, with AllowPlaintext %v; want %q", c.addr, c.by.Transport.Remote, c.key != nil, careful.DialPolicy(i), plain.DialPolicy(i), c.want)
		}
	}
}

// TestT7NamesAreJudgedByTheirAddresses: a name may stand for what must not be dialled.
func TestT7NamesAreJudgedByTheirAddresses(t *testing.T) {
	i := Introduction{Introducer: elsewhere, Addr: "tls://bank.example.com:7000", Key: make([]byte, 32)}
	policy := (&Config{}).defaults().DialPolicy
	for addr, want := range map[string]bool{"192.0.2.9": true, "127.0.0.1": false, "169.254.169.254": false, "::1": false, "2001:db8::1": true} {
		if at := i.at(netip.MustParseAddr(addr)); policy(at) != want || !strings.HasSuffix(at.Addr, ":7000") {
			t.Errorf("%s: %v", at.Addr, policy(at))
		}
	}
}

func TestT8TheNearestIsTriedFirst(t *testing.T) {
	var list []candidate
	for _, addr := range []string{"tls://192.0.2.7:1", "tcp://[::1]:1", "tls://192.0.2.8:1", "unix:///a", "tcp://127.0.0.1:1"} {
		list = append(list, candidate{Introduction: Introduction{Addr: addr}})
	}
	var got []string
	for {
		c, ok := nearest(&list)
		if !ok {
			break
		}
		got = append(got, c.Addr)
	}
	if want := []string{"unix:///a", "tcp://[::1]:1", "tcp://127.0.0.1:1", "tls://192.0.2.7:1", "tls://192.0.2.8:1"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestT8WildcardsBecomeTheAddressOfTheConnection(t *testing.T) {
	for _, c := range [][3]string{ // address, this end of the connection, what is told
		{"tcp://0.0.0.0:7070", "tcp://192.0.2.7:41000", "tcp://192.0.2.7:7070"},
		{"tls://[::]:7070", "tcp://192.0.2.7:41000", "tls://192.0.2.7:7070"},
		{"tls://[::]:7070", "tls://[2001:db8::7]:41000", "tls://[2001:db8::7]:7070"},
		{"tls://:7070", "tcp://127.0.0.1:41000", "tls://127.0.0.1:7070"},
		{"tcp://[::]:7070", "unix:///run/a", "tcp://127.0.0.1:7070"},
		{"tcp://[::]:7070", "pipe://a", "tcp://127.0.0.1:7070"},
		{"tcp://192.0.2.9:7070", "tcp://192.0.2.7:41000", "tcp://192.0.2.9:7070"},
		{"tls://bank.example.com:7070", "tcp://192.0.2.7:41000", "tls://bank.example.com:7070"},
		{"unix:///run/b", "tcp://192.0.2.7:41000", "unix:///run/b"},
		{"pipe://b", "pipe://a", "pipe://b"},
	} {
		if got := concrete(c[0], c[1]); got != c[2] {
			t.Errorf("%s on %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// TestT8SoManyAddressesAreTold: four, of 128 bytes.
func TestT8SoManyAddressesAreTold(t *testing.T) {
	n := NewNode(&Config{Advertise: []string{"tcp://a:1", "tcp://" + strings.Repeat("x", wire.MaxAddr) + ":1", "tcp://b:1", "tcp://c:1", "tcp://d:1", "tcp://e:1"}})
	defer n.Close()
	if got := n.reachableAt(transport.Info{}); !slices.Equal(got, []string{"tcp://a:1", "tcp://b:1", "tcp://c:1", "tcp://d:1"}) {
		t.Errorf("%v", got)
	}
	none := NewNode(&Config{Advertise: []string{}})
	defer none.Close()
	if got := none.reachableAt(transport.Info{}); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// FuzzIntroducedAddress: whatever an introducer says, nobody elsewhere has this node dial
// itself, and nothing is dialled that is not understood.
func FuzzIntroducedAddress(f *testing.F) {
	for _, addr := range []string{"tcp://127.0.0.1:1", "tls://[::1]:1", "tls://[fe80::1%25eth0]:1", "unix:///run/a", "tcp://%31:1", "tls://a@127.0.0.1:1", "tcp://[::ffff:7f00:1]:1"} {
		f.Add(addr, "tcp://0.0.0.0:1")
	}
	config := (&Config{AllowPlaintext: true}).defaults()
	f.Fuzz(func(t *testing.T, addr, local string) {
		concrete(addr, local)
		list := []candidate{{Introduction: Introduction{Introducer: elsewhere, Addr: addr, Key: make([]byte, 32)}}}
		c, _ := nearest(&list)
		c.at(netip.IPv6Loopback())
		if len(list) != 0 {
			t.Fatal("an address is tried for ever")
		}
		if !config.DialPolicy(c.Introduction) {
			return
		}
		u, err := url.Parse(addr)
		if err != nil || u.Scheme != "tcp" && u.Scheme != "tls" {
			t.Fatalf("%q may be dialled", addr)
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && (ip.Unmap().IsLoopback() || ip.Unmap().IsUnspecified() || ip.Unmap().IsLinkLocalUnicast()) {
			t.Fatalf("%q may be dialled", addr)
		}
	})
}
