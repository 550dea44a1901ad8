package objects

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
	"weak"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/proxy"
)

// A gives C an object of B. C gets a reference that it can use at once: it leads
// through A, on what is called the vine. At the same time A introduces C, who claims
// the object from B. The first call waits for the answer, so that calls never change
// their way while one of them is under way; if the answer is no, or does not come, they
// stay on the vine for good (rule T3).

// route is the way that calls on a reference take.
type route int32

const (
	routeClaiming route = iota // none yet: the object is being claimed
	routeVine                  // through the introducer
	routeDirect                // to the owner
)

// String names the route, as ImportState does.
func (r route) String() string { return [...]string{"claiming", "vine", "direct"}[r] }

// reference is the runtime's side of a reference to a remote object: an imported, or
// an introduced.
type reference interface {
	proxy.Binding
	now() *imported                      // the way that it leads now
	await(ctx context.Context) *imported // the way for a call
	way() route
	fault() *Error // why it cannot be used; nil while it can
	watch() context.Context
	release()
	noted(receipt)
	forgotten(receipts int)
	passed()
	letPass() // give back what nobody needs; exports.mu is held
}

// objectName names an object of any node.
type objectName struct {
	owner  uuid.UUID // incarnation
	object lifetime.ObjectID
}

// introduced is a reference to an object that one peer owns and another introduced.
type introduced struct {
	x     *introductions
	name  objectName
	ref   weak.Pointer[proxy.Ref]
	vine  *imported                // given back when the claim is resolved, if the object was granted
	state atomic.Int32             // a route
	at    atomic.Pointer[imported] // the way now: the vine, or what the owner has granted
	ready chan struct{}            // closed when calls may be made

	// guarded by x.mu
	surfaced int // see imported
	passing  int
	released bool
	watched  *watched
}

func (r *introduced) way() route     { return route(r.state.Load()) }
func (r *introduced) now() *imported { return r.at.Load() }

// claimPatience is how long a call waits for a claim.
const claimPatience = 2 * time.Second

// await returns the way for a call, no later than ctx ends.
func (r *introduced) await(ctx context.Context) *imported {
	if r.way() == routeDirect {
		return r.now()
	}
	select {
	case <-r.ready:
	default:
		r.wait(ctx)
	}
	return r.now()
}

// wait waits until calls may be made: no longer than claimPatience, unless the vine is
// of no use meanwhile.
func (r *introduced) wait(ctx context.Context) {
	patience := time.NewTicker(claimPatience)
	defer patience.Stop()
	for {
		select {
		case <-r.ready:
			return
		case <-ctx.Done():
			return
		case <-patience.C:
			if r.now().s.connected() {
				r.x.mu.Lock()
				defer r.x.mu.Unlock()
				r.stay()
				return
			}
		}
	}
}

// settle lets calls take their way for good, unless it is known already; x.mu is held.
func (r *introduced) settle(to route, at *imported) {
	if r.way() != routeClaiming {
		return
	}
	r.x.unknow(r)
	r.at.Store(at)
	r.state.Store(int32(to))
	close(r.ready)
	r.hook()
}

// stay lets calls take the vine; x.mu is held.
func (r *introduced) stay() { r.settle(routeVine, r.vine) }

// hook lets what watches the reference end with its way, if that is known; x.mu is held.
func (r *introduced) hook() {
	if r.watched == nil || r.way() == routeClaiming {
		return
	}
	alive := r.now().watch()
	if alive.Err() != nil {
		r.watched.end(context.Cause(alive))
		return
	}
	context.AfterFunc(alive, func() { r.lost(context.Cause(alive)) })
}

// lost ends what watches the reference.
func (r *introduced) lost(why error) {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	r.watched.end(why)
}

// watch returns the context that ends with the reference.
func (r *introduced) watch() context.Context {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	if r.watched == nil {
		ctx, end := context.WithCancelCause(context.Background())
		r.watched = &watched{ctx, end}
		r.hook()
	}
	return r.watched.ctx
}

func (r *introduced) fault() *Error {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	if r.way() == routeClaiming {
		return nil // whatever became of the vine
	}
	return r.now().fault()
}

func (r *introduced) release() {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	r.giveBack()
}

// giveBack gives everything back that the reference holds. A vine that an unresolved
// claim needs stays until that is resolved (rule T5). x.mu is held.
func (r *introduced) giveBack() {
	if r.released {
		return
	}
	r.released = true
	r.stay() // if it was being claimed: calls fail there
	r.vine.release()
	r.now().release()
	if r.watched != nil {
		r.watched.end(context.Cause(r.now().watch()))
	}
}

// note is noted with x.mu held.
func (r *introduced) note(of receipt) {
	if of == passing {
		r.passing++
	} else {
		r.surfaced++
	}
}

func (r *introduced) noted(of receipt) {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	r.note(of)
}

func (r *introduced) forgotten(receipts int) {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	r.surfaced -= receipts
}

func (r *introduced) passed() {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	r.passing--
}

func (r *introduced) letPass() {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	if r.passing == 0 && r.surfaced <= 0 {
		r.giveBack()
	}
}

// Begin implements proxy.Binding.
func (r *introduced) Begin(ctx context.Context, m *proxy.Method) *proxy.Call {
	return r.await(ctx).Begin(ctx, m)
}

// Direct implements proxy.DirectBinding.
func (r *introduced) Direct(ctx context.Context, m *proxy.Method) *proxy.Direct {
	return r.await(ctx).Direct(ctx, m)
}

// String implements proxy.Binding.
func (r *introduced) String() string {
	return fmt.Sprintf("obj://%v/%x", r.name.owner, uint64(r.name.object))
}

// Direct waits until it is known which way calls on v take, a proxy or a [proxy.Ref],
// and reports whether they go to the owner of the object directly. They do not if
// another node has introduced it, and the owner could not be reached, or may not be
// dialled (see [Config].DialPolicy): then they pass through that node, and end with it.
// A node that cannot introduce an object passes it on as its own; that counts as direct,
// as does a value of this process. It waits no longer than ctx, and 2 s.
//
// Nobody has to call it: the first call on v waits as well.
func Direct(ctx context.Context, v any) bool {
	r := referenceOf(v)
	if r == nil {
		return true
	}
	r.await(ctx)
	return r.way() == routeDirect
}
