package objects

import (
	"context"
	"fmt"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// A reference that only passes through this node, between the owner and those
// who know it through a forwarder, is never seen by this node's program. Such a
// reference is given back as soon as its forwarder is reclaimed, without waiting
// for this node's garbage collector, which may have nothing else to do for long.
//
// It may be given back when no message that carries it is being passed on, no
// forwarder stands for it, and it has not surfaced: the program of this node has
// never received it, or has forgotten it as often. [exports.letPass] looks at all
// three together.

// receipt says what becomes of the references in a received message.
type receipt bool

const (
	surfacing receipt = false // the node's own program gets them
	passing   receipt = true  // they are passed on, and [session.passed] follows
)

// note notes a receipt of the reference; s.imports.mu is held.
func (i *imported) note(r receipt) {
	if r == passing {
		i.passing++
	} else {
		i.surfaced++
	}
}

// passed ends the passing of the references in slots.
func (s *session) passed(slots []marshal.Slot) {
	for _, slot := range slots {
		if ref, isRef := slot.Object.(*proxy.Ref); isRef {
			referenceOf(ref).passed()
			s.node.exports.letPass(ref)
		}
	}
}

// letPass gives ref back if nothing keeps it: see the top of this file.
func (x *exports) letPass(ref *proxy.Ref) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, forwarded := x.byValue.Get(ref); !forwarded {
		referenceOf(ref).letPass()
	}
}

// Forget gives back one receipt of reference v, a proxy or a [proxy.Ref], that
// this program received as an argument or result and will not use again. When it
// has forgotten v as often as it received it, v is given back to its owner at
// once, unless peers hold it through this node: they keep it, and the last of them
// gives it back. Brokers such as registries use it; other programs let the
// garbage collector do this, call [Release], or work in a [Scope]. A value of this process is left
// alone.
func Forget(v any) {
	if ref := handleOf(v); referenceOf(ref) != nil {
		forget(ref, 1)
	}
}

// forget gives back receipts of ref.
func forget(ref *proxy.Ref, receipts int) {
	r := referenceOf(ref)
	r.forgotten(receipts)
	r.now().s.node.exports.letPass(ref)
}

// passedOn is the fault of a reference as those see it who know it through this
// node: they have not released it, and hold what the owner says that this node does
// not hold.
func passedOn(f *Error) *Error {
	if f.Code == CodeNoSuchObject {
		return fault(CodeGone, f.Cause, f.Hint)
	}
	if f.Code != CodeReleased {
		return f
	}
	return fault(CodeGone, reason("the node that passed it on has released it"), hintLookup)
}

// relay passes a call on to the owner of an object that this node does not own
// but has passed on: it is a forwarder. Arguments and results travel through as
// they are; only their references change hands.
func (in *incoming) relay(ctx context.Context, ref *proxy.Ref) answer {
	i := referenceOf(ref).await(ctx)
	c := i.s.calls.begin(ctx, i, &proxy.Method{Name: fmt.Sprintf("method %x", in.method), Interface: ref.Interface()})
	c.relayed = true
	defer c.Finish(&c.Call, nil)
	if fail := c.roundTrip(ctx, in.method, in.payload, in.slots); fail != nil {
		in.payload = nil // may still be read
		fail = c.failure(passedOn(fail))
		return in.fault(fail, fail.Outcome)
	}
	in.passing = append(in.passing, c.reply.slots...)
	if fail := c.reply.fault; fail != nil {
		return in.refuse(fail)
	}
	in.payload = append(in.payload[:0], c.reply.payload...)
	return answer{status: c.reply.status, results: in.payload, slots: c.reply.slots}
}
