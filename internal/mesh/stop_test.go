//go:build unix

package mesh

import (
	"syscall"
	"testing"
	"time"

	"github.com/netobj/netobj/objects"
)

// signal stops a member, or lets it go on.
func (p *parted) signal(of *process, s syscall.Signal) {
	p.t.Helper()
	if err := of.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// outlast lets more time pass than a lease takes. That time passes while a process is
// stopped is what these tests are about.
func outlast(lease time.Duration) { <-time.After(lease + lease/2) }

// TestStoppedOwnerExpiresNobody stops an owner for longer than its lease. Its leases
// run while it is stopped, or begin as it wakes: no time has passed for it, and the
// holder goes on with all it holds.
func TestStoppedOwnerExpiresNobody(t *testing.T) {
	t.Parallel()
	patient := NodeConfig{Lease: longLease, HandshakeTimeout: longLease} // one dial lasts until the owner wakes
	t.Run("in the lease", func(t *testing.T) {
		t.Parallel()
		const lease = 2 * time.Second // time to answer the holder's dial, once it is awake
		p, l := partedByLink(t, NodeConfig{Lease: lease}, patient)
		p.share()
		l.refuse()
		l.reset(toOwner, toHolder)
		p.lost()
		p.signal(p.owner, syscall.SIGSTOP)
		outlast(lease)
		p.wakeForDial(l)
	})
	t.Run("before it", func(t *testing.T) {
		t.Parallel()
		holder := watchful(longLease)
		holder.HandshakeTimeout = longLease
		p, l := partedByLink(t, NodeConfig{Lease: shortLease}, holder)
		p.share()
		p.signal(p.owner, syscall.SIGSTOP)
		p.poll(p.holder, "loss of the connection", func(s *State) bool { return s.Stats.Leases == 1 })
		outlast(shortLease)
		p.wakeForDial(l)
	})
	t.Run("without a break", func(t *testing.T) {
		t.Parallel()
		p, _ := partedByLink(t, NodeConfig{Lease: shortLease}, NodeConfig{Lease: shortLease})
		p.share()
		p.signal(p.owner, syscall.SIGSTOP)
		touched := p.send(p.holder, Command{Verb: Touch})
		outlast(shortLease)
		p.signal(p.owner, syscall.SIGCONT)
		p.allGood(touched)
		p.close()
	})
}

// wakeForDial lets the owner go on when the holder's second dial waits for it.
func (p *parted) wakeForDial(l *link) {
	p.t.Helper()
	l.heal()
	p.again("second dial", func() (string, bool) { return "", l.dials() == 2 })
	p.signal(p.owner, syscall.SIGCONT)
	p.allGood(p.touchBoth()...)
	p.close()
}

// TestStoppedHolder stops a holder. Within the lease it loses nothing; after that the
// owner has reclaimed its objects, and it learns so.
func TestStoppedHolder(t *testing.T) {
	t.Parallel()
	t.Run("within the lease", func(t *testing.T) {
		t.Parallel()
		p, _ := partedByLink(t, watchful(longLease), NodeConfig{Lease: longLease})
		p.share()
		p.signal(p.holder, syscall.SIGSTOP)
		p.poll(p.owner, "loss of the connection", func(s *State) bool { return s.Stats.Leases == 1 })
		p.signal(p.holder, syscall.SIGCONT)
		p.allGood(p.touchBoth()...)
		p.close()
	})
	t.Run("beyond the lease", func(t *testing.T) {
		t.Parallel()
		p, _ := partedByLink(t, watchful(shortLease), NodeConfig{Lease: longLease})
		p.share()
		p.signal(p.holder, syscall.SIGSTOP)
		p.poll(p.owner, "reclaim", func(s *State) bool { return s.Stats.Exports == 1 && s.Stats.Leases == 0 })
		p.signal(p.holder, syscall.SIGCONT)
		touched := p.touchBoth()
		p.allBroken(touched[0], objects.CodeGone)
		p.allBroken(touched[1], objects.CodeUnreachable)
		p.anew()
	})
}
