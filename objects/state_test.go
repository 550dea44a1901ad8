package objects_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// exportOf returns what the snapshot has of the server's object with this number.
func exportOf(t *testing.T, state objects.NodeState, object uint64) objects.ExportState {
	t.Helper()
	for _, e := range state.Exports {
		if e.Object == object {
			return e
		}
	}
	t.Fatalf("no object %x in %+v", object, state.Exports)
	return objects.ExportState{}
}

func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		<-time.After(time.Minute)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.remote.Same(t.Context(), made); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		state := objects.Snapshot(p.server)
		root, young := exportOf(t, state, 1), exportOf(t, state, 2)
		if root.Type != "*objects_test.thing" || root.Pins != 1 || !root.Calls || root.Age != 2*time.Minute || !about(root.Idle, time.Minute) {
			t.Errorf("the root: %+v", root)
		}
		if young.Pins != 0 || young.Calls || !about(young.Age, time.Minute) || young.Idle != young.Age {
			t.Errorf("the young one: %+v", young)
		}
		want := objects.HolderState{Incarnation: p.client.Incarnation(), Addr: state.Sessions[0].Addr, Grants: 2}
		if len(young.Holders) != 1 || young.Holders[0] != want {
			t.Errorf("its holders: %+v, want %+v", young.Holders, want)
		}
		s := state.Sessions[0]
		if s.Node != p.client.ID() || s.Exports != 2 || s.Imports != 0 || !about(s.Age, 2*time.Minute) || len(state.Leases) != 0 {
			t.Errorf("its session: %+v, leases %+v", s, state.Leases)
		}

		held := objects.Snapshot(p.client).Imports
		if len(held) != 2 || held[1].Object != 2 || held[1].Grants != 2 || held[1].Owner != p.server.Incarnation() ||
			!strings.HasSuffix(held[1].Interface, "sample.Thing") || held[1].Addr != "pipe://server" {
			t.Errorf("the holder's side: %+v", held)
		}
		objects.Release(made)
	})
}

// about allows for the step of the clock.
func about(got, want time.Duration) bool {
	return got >= want-3*time.Second && got <= want+3*time.Second
}

func TestSnapshotOfARunningCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.remote.Wait(ctx) }()
		<-time.After(time.Minute)
		state := objects.Snapshot(p.server)
		if e := exportOf(t, state, 1); e.Running != 1 || e.Idle != 0 || state.Sessions[0].Incoming != 1 {
			t.Errorf("%+v, %+v", e, state.Sessions)
		}
		if s := objects.Snapshot(p.client).Sessions[0]; s.Outgoing != 1 {
			t.Errorf("the caller: %+v", s)
		}
		cancel()
		<-done
	})
}

func TestSnapshotOfALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		if _, err := p.remote.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.kit.Part(p.server)
		<-time.After(20*time.Second + time.Millisecond)
		state := objects.Snapshot(p.server)
		if len(state.Leases) != 1 || len(state.Sessions) != 0 || !exportOf(t, state, 2).Holders[0].Lost {
			t.Fatalf("%+v", state)
		}
		if l := state.Leases[0]; l.Incarnation != p.client.Incarnation() || l.Exports != 2 || l.Left != 40*time.Second {
			t.Errorf("%+v", l)
		}
	})
}

// TestInspect: another node gets the same, by its address and through a node that
// has passed an object on.
func TestInspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, forwarding)
		third := p.kit.Node()
		if err := objects.Publish(p.client, "passed on", p.remote); err != nil {
			t.Fatal(err)
		}
		ref, err := objects.OpenRef(t.Context(), third, p.client.Addrs()[0], "passed on")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the calls before are over at their owner
		far, err := objects.InspectOwner(t.Context(), third, ref)
		if err != nil || far.Incarnation != p.server.Incarnation() || far.Sessions[0].Incoming > 1 {
			t.Errorf("through the middle: %+v, %v", far, err)
		}
		middle, err := objects.Inspect(t.Context(), third, p.client.Addrs()[0])
		if err != nil || middle.Incarnation != p.client.Incarnation() || middle.Exports[0].Forward == "" || len(middle.Imports) != 1 {
			t.Errorf("the middle: %+v, %v", middle, err)
		}
		self, err := objects.Inspect(t.Context(), third, third.Addrs()[0])
		if err != nil || self.Incarnation != third.Incarnation() {
			t.Errorf("itself: %+v, %v", self, err)
		}
	})
}

// TestInspectInPages: what does not go into one message comes in several.
func TestInspectInPages(t *testing.T) {
	const n = 5000
	p := newPair(t, quiet)
	held := make([]sample.Thing, n)
	for i := range held {
		var err error
		if held[i], err = p.remote.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	server, err := objects.Inspect(t.Context(), p.client, p.server.Addrs()[0])
	if err != nil || len(server.Exports) != n+1 || len(server.Sessions) != 1 {
		t.Errorf("the owner: %d exports, %d sessions, %v", len(server.Exports), len(server.Sessions), err)
	}
	client, err := objects.Inspect(t.Context(), p.server, p.client.Addrs()[0])
	if err != nil || len(client.Imports) != n+1 {
		t.Errorf("the holder: %d imports, %v", len(client.Imports), err)
	}
	for i := range server.Exports {
		if number := uint64(i + 1); server.Exports[i].Object != number || client.Imports[i].Object != number {
			t.Fatalf("object %x is not in its place", number)
		}
	}
	runtime.KeepAlive(held)
	runtime.KeepAlive(p) // with p.remote
}

func TestInspectIsForbidden(t *testing.T) {
	config := quiet
	config.Inspect = func(p objects.Peer) bool { return p.Addr == "friend" }
	p := newPair(t, config)
	_, err := objects.Inspect(t.Context(), p.client, p.server.Addrs()[0])
	if !errors.Is(err, objects.ErrForbidden) {
		t.Errorf("%v", err)
	}
}
