package objects

import (
	"slices"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// infoLink is a link of which only what it tells matters.
type infoLink struct {
	transport.Link
	info transport.Info
}

func (l infoLink) Info() transport.Info { return l.info }

// TestAddressesThatMeanNothingHereAreNotPassedOn: a peer on another machine names
// loopback addresses and sockets as its own. Peers of this machine, who believe what
// this node tells of those, must not hear of them.
func TestAddressesThatMeanNothingHereAreNotPassedOn(t *testing.T) {
	all := []string{"tcp://127.0.0.1:6379", "tls://localhost:443", "unix:///run/docker.sock", "pipe://a", "tcp://[::ffff:127.0.0.1]:22",
		"tcp://169.254.169.254:80", "tcp://0.0.0.0:22", "tcp://%zz", "tls://203.0.113.7:7000", "tls://example.com:7000"}
	for remote, want := range map[string][]string{
		"tls://203.0.113.7:40000":  {"tls://203.0.113.7:7000", "tls://example.com:7000"},
		"tcp://169.254.10.1:40000": {"tcp://169.254.169.254:80", "tls://203.0.113.7:7000", "tls://example.com:7000"},
		"tcp://127.0.0.1:40000": {"tcp://127.0.0.1:6379", "tls://localhost:443", "unix:///run/docker.sock", "tcp://[::ffff:127.0.0.1]:22",
			"tls://203.0.113.7:7000", "tls://example.com:7000"},
	} {
		link := infoLink{info: transport.Info{Scheme: "tcp", Remote: remote}}
		p := peerOf(link, &wire.Hello{Addrs: all}, "")
		if !slices.Equal(p.addrs, want) {
			t.Errorf("of the addresses of %s, these are passed on: %q", remote, p.addrs)
		}
	}
}

// TestAnIntroducerDoesNotStandInAnothersWay: who fills the list with addresses that
// lead nowhere, or names the right one with a wrong key, hides nothing that another
// introducer says.
func TestAnIntroducerDoesNotStandInAnothersWay(t *testing.T) {
	var o owner
	o.more = make(chan struct{}, 1)
	liar, honest := &session{}, &session{}
	say := func(s *session, key byte, addrs ...string) {
		o.offer(&vine{of: &introduced{vine: &imported{s: s}}, token: &wire.Introduction{Addrs: addrs, Key: []byte{key}}})
	}
	for range 100 {
		say(liar, 1, "tls://203.0.113.7:7000", "tls://a:1", "tls://b:1", "tls://c:1")
	}
	say(liar, 1, "tls://d:1", "tls://e:1")
	say(honest, 2, "tls://203.0.113.7:7000", "unix:///a")
	var tried []string
	for c, more := nearest(&o.candidates); more; c, more = nearest(&o.candidates) {
		if c.by == honest {
			tried = append(tried, c.Addr)
		}
	}
	if want := []string{"unix:///a", "tls://203.0.113.7:7000"}; !slices.Equal(tried, want) {
		t.Errorf("of the honest one's addresses, tried in this order: %q", tried)
	}
}
