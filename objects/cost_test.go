package objects_test

import (
	"context"
	"flag"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// What references cost on the wire and in memory, counted.

var costAll = flag.Bool("cost.all", false, "count over ten times as many calls and references, which takes minutes")

// many is n, or ten times as many with -cost.all, and a tenth where that takes long.
func many(n int) int {
	switch {
	case *costAll:
		return 10 * n
	case testing.Short() || raceDetector:
		return n / 10
	}
	return n
}

// hoard is a thing that keeps what it is passed.
type hoard struct {
	thing
	mu   sync.Mutex
	kept []sample.Thing
}

func (h *hoard) Same(_ context.Context, t sample.Thing) (sample.Thing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.kept) == 0 {
		h.kept = append(h.kept, t)
	}
	return t, nil
}

func (h *hoard) SameMany(_ context.Context, t map[string][]sample.Thing) (map[string][]sample.Thing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range t {
		h.kept = append(h.kept, list...)
	}
	return nil, nil
}

// drop releases what is kept.
func (h *hoard) drop() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.kept {
		objects.Release(t)
	}
	n, h.kept = len(h.kept), nil
	return n
}

// publishHoard gives the pair a hoard at the server.
func publishHoard(t *testing.T, p *pair) *hoard {
	t.Helper()
	h := &hoard{}
	if err := objects.Publish[sample.Thing](p.server, "hoard", h); err != nil {
		t.Fatal(err)
	}
	return h
}

// passBatch is how many references fill passes in one call.
const passBatch = 1000

// fill passes n new objects to a hoard.
func fill(t testing.TB, to sample.Thing, n int) {
	t.Helper()
	for ; n > 0; n -= passBatch {
		fresh := make([]sample.Thing, min(n, passBatch))
		for i := range fresh {
			fresh[i] = &plainThing{}
		}
		if _, err := to.SameMany(t.Context(), map[string][]sample.Thing{"": fresh}); err != nil {
			t.Fatal(err)
		}
	}
}

// plainThing is a small object.
type plainThing struct {
	sample.Thing
	_ int
}

// roomy lets a session hold the references of these tests.
func roomy() objects.Config {
	c := quiet
	c.Limits.Exports, c.Limits.Imports = 2_000_000, 2_000_000
	return c
}

// openHoard opens the server's hoard through the session that stands.
func openHoard(t *testing.T, p *pair, url string) sample.Thing {
	t.Helper()
	far, err := objects.Open[sample.Thing](t.Context(), p.client, url, "hoard")
	if err != nil {
		t.Fatal(err)
	}
	return far
}

// TestKnownReferencesCostNoMessages: calls pass references that both sides know, there
// and back, of both sides. Nothing goes over the wire but the calls and their answers.
func TestKnownReferencesCostNoMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, tap := newTappedPair(t, quiet)
		publishHoard(t, p)
		far := openHoard(t, p, tap.url)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		known := []sample.Thing{&plainThing{}, made}
		for _, k := range known {
			if same, err := far.Same(t.Context(), k); err != nil || same != k {
				t.Fatal(same, err)
			}
		}
		calls, width := many(1_000_000), 50
		synctest.Wait()
		tap.take()
		var callers sync.WaitGroup
		for range width {
			callers.Go(func() {
				for i := range calls / width {
					if same, err := far.Same(t.Context(), known[i%2]); err != nil || same != known[i%2] {
						t.Error(same, err)
					}
				}
			})
		}
		callers.Wait()
		said := tap.take()
		for kind, v := range said {
			if kind != wire.TypeCall && kind != wire.TypeReturn || v.messages != calls {
				t.Errorf("%d messages of kind %v for %d calls", v.messages, kind, calls)
			}
		}
		t.Logf("%d calls: %v", calls, said)
		runtime.KeepAlive([]sample.Thing{p.remote, far})
	})
}

// TestDropsCostFewBytes: references that are dropped all at once leave in full messages,
// at 6 bytes each at most.
func TestDropsCostFewBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, tap := newTappedPair(t, roomy())
		h := publishHoard(t, p)
		far := openHoard(t, p, tap.url)
		fill(t, far, many(100_000))
		tap.take()
		dropped := h.drop()
		<-time.After(time.Second)
		synctest.Wait()
		v := tap.take()[wire.TypeRelease]
		if most := dropped/256 + 1; v.messages == 0 || v.messages > most {
			t.Errorf("%d drops took %d messages, at most %d are allowed", dropped, v.messages, most)
		}
		if v.bytes > 6*dropped {
			t.Errorf("%d drops took %d bytes", dropped, v.bytes)
		}
		t.Logf("%d drops: %d messages of %d bytes", dropped, v.messages, v.bytes)
		if left := p.client.Stats().Exports; left != 0 {
			t.Errorf("%d objects are left", left)
		}
		runtime.KeepAlive([]sample.Thing{p.remote, far}) // their drops would be counted
	})
}

// TestDropsOneByOneShareMessages: references that are dropped one after the other leave
// in one message for each Config.ReleaseDelay.
func TestDropsOneByOneShareMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, tap := newTappedPair(t, quiet)
		h := publishHoard(t, p)
		far := openHoard(t, p, tap.url)
		fill(t, far, 2000)
		for _, pause := range []time.Duration{time.Millisecond, 7 * time.Millisecond, 200 * time.Microsecond} {
			tap.take()
			begun, drops := time.Now(), 600
			for _, k := range h.kept[:drops] {
				objects.Release(k)
				<-time.After(pause)
			}
			h.kept = h.kept[drops:]
			<-time.After(50 * time.Millisecond)
			synctest.Wait()
			most := max(int(time.Since(begun)/(50*time.Millisecond)), 1) + drops/256
			if n := tap.take()[wire.TypeRelease].messages; n == 0 || n > most {
				t.Errorf("a drop each %v: %d messages, at most %d are allowed", pause, n, most)
			}
		}
		runtime.KeepAlive([]sample.Thing{p.remote, far})
	})
}

// TestExportAndDropLeavesNothing: what is exported and dropped leaves no memory behind.
func TestExportAndDropLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		h := publishHoard(t, p)
		far := openHoard(t, p, p.server.Addrs()[0])
		cycle := func(n int) {
			for range n / passBatch {
				fill(t, far, passBatch)
				h.drop()
				<-time.After(time.Second)
			}
		}
		cycle(100_000) // pools and tables find their size
		before := heapInUse()
		cycles := many(1_000_000)
		cycle(cycles)
		grown := int64(heapInUse()) - int64(before)
		if grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes in %d cycles", grown, cycles)
		}
		t.Logf("%d cycles, heap %+d bytes", cycles, grown)
		if left := p.client.Stats().Exports; left != 0 {
			t.Errorf("%d objects are left", left)
		}
	})
}

// heapInUse returns the bytes in use when what is garbage has gone; 0 under the race
// detector, where they say little and cost much.
func heapInUse() uint64 {
	if raceDetector {
		return 0
	}
	var m runtime.MemStats
	for last := uint64(math.MaxUint64); ; last = m.HeapAlloc { // what is cleaned up frees more
		runtime.GC()
		if runtime.ReadMemStats(&m); m.HeapAlloc+16<<10 > last {
			return m.HeapAlloc
		}
	}
}

// TestIdlePairPingsOnce: an idle pair says nothing but a Ping, and its Pong, in each
// interval, however many references it holds.
func TestIdlePairPingsOnce(t *testing.T) {
	for _, references := range []int{1, 10_000} {
		synctest.Test(t, func(t *testing.T) {
			p, tap := newTappedPair(t, quiet)
			publishHoard(t, p)
			far := openHoard(t, p, tap.url)
			fill(t, far, references)
			synctest.Wait()
			<-time.After(time.Second)
			tap.take()
			<-time.After(time.Hour)
			synctest.Wait()
			said := tap.take()
			pings := said[wire.TypePing].messages
			if most := int(time.Hour / (15 * time.Second)); pings == 0 || pings > most || len(said) > 2 || said[wire.TypePong].messages != pings {
				t.Errorf("%d references, an hour: %v, at most %d pings are allowed", references, said, most)
			}
			runtime.KeepAlive([]sample.Thing{p.remote, far})
		})
	}
}

// TestReconcileIsLinear: a break costs 6 bytes at most for each reference that is held,
// in messages of bounded size.
func TestReconcileIsLinear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, tap := newTappedPair(t, roomy())
		h := publishHoard(t, p)
		far := openHoard(t, p, tap.url)
		fill(t, far, many(100_000))
		tap.take()
		tap.cut()
		if _, err := far.Deadline(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		said, held := tap.take(), len(h.kept)
		v := said[wire.TypeReconcile]
		if v.bytes < held || v.bytes > 6*held || v.messages < held/wire.MaxEntries || v.messages > held/wire.MaxEntries+4 {
			t.Errorf("%d references: %+v", held, v)
		}
		t.Logf("%d references: %d messages of %d bytes", held, v.messages, v.bytes)
		for kind, v := range said {
			if kind == wire.TypeRelease || kind == wire.TypeBroken {
				t.Errorf("%d messages of kind %v", v.messages, kind)
			}
		}
		if n := p.client.Stats().Exports; n != held {
			t.Errorf("%d of %d objects are exported", n, held)
		}
		runtime.KeepAlive([]sample.Thing{p.remote, far})
	})
}
