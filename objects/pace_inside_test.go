package objects

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/transport"
)

// TestTheCrowdMakesRoom: when too many peers are lost, those go that come from where
// most do, the oldest first.
func TestTheCrowdMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNode(&Config{Limits: Limits{Sessions: 3}})
		defer n.Close()
		sessions := map[lifetime.SessionID]*session{}
		for i, origin := range []string{"honest", "crowd", "crowd", "crowd", "crowd"} {
			s := &session{node: n, id: lifetime.SessionID(i + 1), peer: peer{origin: origin, incarnation: uuid.New()}}
			sessions[s.id] = s
			evicted, ok := n.leases.enter(s)
			want := []*session{nil, nil, nil, sessions[2], sessions[3]}[i]
			if !ok || evicted != want {
				t.Errorf("session %d: another one leaves than should", s.id)
			}
			<-time.After(1100 * time.Millisecond) // never at the moment of a tick
		}
		if n.leases.sessions[1] == nil || n.leases.len() != 3 {
			t.Errorf("%d leases are left", n.leases.len())
		}
		n.leases.down.End()
		clear(n.leases.sessions)
	})
}

func TestOrigins(t *testing.T) {
	for want, info := range map[string]transport.Info{
		"192.0.2.1":                    {Scheme: "tcp", Remote: "tcp://192.0.2.1:4711"},
		"2001:db8::1":                  {Scheme: "tls", Remote: "tls://[2001:db8::1]:4711"},
		"unix":                         {Scheme: "unix", Remote: "unix://@"},
		"pipe":                         {Scheme: "pipe", Remote: "pipe://a", InMemory: true},
		string(make([]byte, 31)) + "k": {Scheme: "tls", Remote: "tls://192.0.2.1:1", HasPeerKey: true, PeerKey: [32]byte{31: 'k'}},
	} {
		if got := originOf(&info); got != want {
			t.Errorf("the origin of %v is %q, want %q", info.Remote, got, want)
		}
	}
}

// TestAPeerThatBreaksItsConnections: this side, which dials, is in no greater hurry
// than the other may be.
func TestAPeerThatBreaksItsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNode(nil)
		defer n.Close()
		s := &session{node: n}
		if s.payResume(resumeBurst, 0); s.mayResume() > 0 {
			t.Error("not as often at once as may be")
		}
		s.payResume(1, resumeStated)
		if got := s.mayResume(); got != 100*time.Millisecond {
			t.Errorf("twice more, and it waits %v", got)
		}
		<-time.After(100 * time.Millisecond)
		if s.mayResume() > 0 {
			t.Error("it has waited")
		}
		n.cfg.ResumeInterval, s = -1, &session{node: n}
		if s.payResume(1000, 0); s.mayResume() > 0 {
			t.Error("there is a limit where there is none")
		}
	})
}
