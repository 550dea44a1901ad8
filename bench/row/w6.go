package row

import (
	"fmt"
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/process"
)

// w6 is the life of a million references: made one to a call by 64 callers, held,
// released; then made again, a thousand to a call.
var w6 = &Row{
	Name:  "W6",
	Title: "10^6 references: made by 64 callers, held, released",
	Metrics: []Metric{
		{Key: "made", Title: "made", Unit: "/s"},
		{Key: "lists", Title: "made in lists of 1,000", Unit: "/s"},
		{Key: "released", Title: "released", Unit: "/s"},
		{Key: "client", Title: "held by client", Unit: "bytes each"},
		{Key: "server", Title: "by server", Unit: "bytes each"},
		{Key: "left", Title: "left after release, both", Unit: "bytes each", Places: 1, Alone: true},
	},
	Base:  "netobj",
	lacks: byReference,
	run:   runReferences,
}

const (
	references     = 1_000_000
	referenceCrowd = 64
	listSize       = 1000 // Limits.References is 1,024
)

// releaseTime is how long a server may take to drop what was released.
const releaseTime = 90 * time.Second

func byReference(t peer.Traits) string {
	if !t.Ours && t.Name != "capnp" {
		return "it passes no objects by reference"
	}
	return ""
}

func runReferences(e *env) error {
	client := e.client.(peer.Referrer)
	n := references
	if most := e.peer.Traits().MaxRefs; most > 0 {
		n = most
	}
	held := make([]peer.Reference, e.count(n))
	client1, server1, err := e.both(process.Live)
	if err != nil {
		return err
	}
	begun := time.Now()
	make1 := func(i int) (err error) {
		held[i], err = client.Make(e.ctx)
		return err
	}
	if err := share(len(held), referenceCrowd, make1); err != nil {
		return err
	}
	e.values["made"] = rate(int64(len(held)), time.Since(begun))

	client2, server2, err := e.both(process.Live)
	if err != nil {
		return err
	}
	e.values["client"] = float64(client2.Live-client1.Live) / float64(len(held))
	e.values["server"] = float64(server2.Live-server1.Live) / float64(len(held))
	if err := e.release(client, held); err != nil {
		return err
	}

	if lister, ok := client.(peer.Lister); ok {
		begun = time.Now()
		if err := e.fill(lister, held); err != nil {
			return err
		}
		e.values["lists"] = rate(int64(len(held)), time.Since(begun))
		if err := e.release(client, held); err != nil {
			return err
		}
	}
	client3, server3, err := e.both(process.Live)
	e.values["left"] = float64(client3.Live-client1.Live+server3.Live-server1.Live) / float64(len(held))
	return err
}

// fill makes references in lists.
func (e *env) fill(client peer.Lister, held []peer.Reference) error {
	for len(held) > 0 {
		list, err := client.MakeMany(e.ctx, min(listSize, len(held)))
		if err != nil {
			return err
		}
		held = held[copy(held, list):]
	}
	return nil
}

// release gives all references back and waits until the server's objects are
// dropped.
func (e *env) release(client peer.Referrer, held []peer.Reference) error {
	begun := time.Now()
	for i, r := range held {
		client.Release(r)
		held[i] = nil
	}
	for {
		if err := add(e.ctx, client, 1); err != nil { // go-capnp sends releases with other messages
			return err
		}
		u, err := e.server.Usage(process.CPU)
		if err != nil {
			return err
		}
		if u.Things == 0 {
			break
		}
		if time.Since(begun) > releaseTime {
			return fmt.Errorf("%d of %d objects live on %v after their release", u.Things, len(held), releaseTime)
		}
		e.wait(time.Millisecond)
	}
	e.values["released"] = rate(int64(len(held)), time.Since(begun))
	return nil
}
