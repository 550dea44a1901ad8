package objects

import (
	"cmp"
	"context"
	"fmt"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// This file turns the reference table of a message between its two forms: the
// slots that codecs see, and the caps that travel.

// outgoing is the reference table of one message on its way out: what was
// granted and what is in use, so that it can be undone or ended.
type outgoing struct {
	caps []wire.Cap
	used []*imported // references of the peer's own objects that the message names
	room int         // how many more references it may have
}

// enlist fills o with the caps for slots, and with what the message names of the
// peer's: also target, unless that is nil. Afterwards nothing is given back that is in
// use, until unuse. On failure nothing is counted and nothing in use.
func (c *connection) enlist(o *outgoing, slots []marshal.Slot, target *imported) *Error {
	for {
		if fail := c.grant(o, slots); fail != nil {
			return fail
		}
		if target != nil {
			o.used = append(o.used, target)
		}
		used := o.used
		fail := c.s.imports.use(used...)
		if fail == nil {
			return nil
		}
		c.ungrant(o)
		if fail != moved {
			return cmp.Or(brokenAmong(used, target), fail)
		}
	}
}

// brokenAmong names the first of the references passed that cannot be used, beside
// the target; nil if there is none.
func brokenAmong(used []*imported, target *imported) *Error {
	for _, i := range used {
		if why := i.fault(); why != nil && i != target {
			return fault(why.Code, i.describe(why), "")
		}
	}
	return nil
}

// grant fills o with the caps for slots, counting every grant before the
// message is sent (rule O1). On failure nothing is counted.
func (c *connection) grant(o *outgoing, slots []marshal.Slot) *Error {
	o.caps, o.used, o.room = o.caps[:0], o.used[:0], c.s.limits.MaxRefs-len(slots)
	for i := range slots {
		if err := c.grantOne(o, &slots[i]); err != nil {
			c.ungrant(o)
			return err
		}
	}
	return nil
}

func (c *connection) grantOne(o *outgoing, slot *marshal.Slot) *Error {
	s := c.s
	ref, isRef := slot.Object.(*proxy.Ref)
	var r reference
	if isRef {
		if r = referenceOf(ref); r == nil {
			return fault(CodeNotExported, fmt.Errorf("%v is not a reference of this runtime", ref), "")
		}
		i := r.now()
		if i.s == s {
			o.used = append(o.used, i)
			o.caps = append(o.caps, wire.Cap{Kind: wire.CapYours, XID: uint64(i.xid)})
			return nil
		}
		if broken := r.fault(); broken != nil {
			return fault(broken.Code, r.now().describe(broken), "")
		}
	}
	if err := exportable(slot.Object); err != nil {
		return asFault(CodeNotExported, err)
	}
	if len(slot.Iface) > wire.MaxIface {
		return fault(CodeLimit, fmt.Errorf("the interface's name has %d bytes, at most %d can be sent", len(slot.Iface), wire.MaxIface), "shorten its import path")
	}
	g, err := s.node.exports.grant(s.id, c.number, slot.Object)
	if err != nil {
		return asFault(CodeLimit, err)
	}
	if s.exporting.note(s, g.held, g.limit) {
		s.askToCollect()
	}
	granted := wire.Cap{Kind: wire.CapMine, XID: uint64(g.xid), Object: uint64(g.object), Iface: slot.Iface}
	if isRef && o.room >= wire.ThirdWeight-1 {
		if granted.Third = s.introduction(r); granted.Third != nil {
			granted.Kind = wire.CapThird
			o.room -= wire.ThirdWeight - 1
		}
	}
	o.caps = append(o.caps, granted)
	return nil
}

// ungrant undoes the grants of a message of which not one byte was sent.
func (c *connection) ungrant(o *outgoing) {
	for i := range o.caps {
		if o.caps[i].Kind != wire.CapYours {
			c.s.node.reclaim(c.s.node.exports.ungrant(c.s.id, c.number, lifetime.XID(o.caps[i].XID)))
		}
	}
	o.caps, o.used = o.caps[:0], o.used[:0]
}

// receiveCaps counts the references of a received message, all of them before
// anything else may reject it (rule H1), and returns what they stand for. The
// fault concerns this message alone; the error is a violation of the protocol.
func (on *connection) receiveCaps(caps []wire.Cap, r receipt) (slots []marshal.Slot, unknown *Error, err error) {
	if len(caps) == 0 {
		return nil, nil, nil
	}
	s := on.s
	slots = make([]marshal.Slot, len(caps))
	for i := range caps {
		c := &caps[i]
		slots[i].Iface = c.Iface
		switch c.Kind {
		case wire.CapMine, wire.CapThird:
			ref, err := s.imports.receive(on.number, c, r)
			if err != nil {
				return nil, nil, err
			}
			slots[i].Object = ref
		case wire.CapYours:
			target, ok := s.node.exports.target(s.id, lifetime.XID(c.XID), r)
			if !ok {
				return nil, nil, fmt.Errorf("message passes reference %d, which this node never gave or has taken back", c.XID)
			}
			slots[i].Object = target
		default:
			unknown = fault(CodeUnsupported, fmt.Errorf("reference of kind %d", c.Kind), "update the node that received it")
		}
	}
	return slots, unknown, nil
}

// disown tells the sessions that hold an object that it is lost.
func (n *Node) disown(holders []holder, why *Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sessions {
		var lost wire.Broken
		for _, h := range holders {
			if h.session == s.id {
				lost.Entries = append(lost.Entries, brokenEntry(h.xid, why))
			}
		}
		if len(lost.Entries) > 0 && !n.closing {
			n.tasks.Go(func() { s.conn.Load().send(&lost) })
		}
	}
}

func brokenEntry(xid lifetime.XID, why *Error) wire.BrokenEntry {
	return wire.BrokenEntry{XID: uint64(xid), Reason: uint64(why.Code), Text: causeText(why)}
}

func causeText(e *Error) string {
	if e.Cause == nil {
		return e.Code.Error()
	}
	return e.Cause.Error()
}

// importOf returns where v, a proxy or a Ref, leads now: nil if v is a value of this
// process.
func importOf(v any) *imported {
	if r := referenceOf(v); r != nil {
		return r.now()
	}
	return nil
}

// referenceOf returns the runtime's side of v, a proxy or a Ref: nil if v is a value
// of this process.
func referenceOf(v any) reference {
	ref := handleOf(v)
	if ref == nil {
		return nil
	}
	r, _ := ref.Binding().(reference)
	return r
}

// handleOf returns the handle of a proxy, or the one that it stands for; nil if v is
// neither.
func handleOf(v any) *proxy.Ref {
	var ref *proxy.Ref
	switch o := v.(type) {
	case *proxy.Ref:
		ref = o
	case proxy.Proxy:
		ref = o.ProxyRef()
	}
	if s := ref.Standin(); s != nil {
		return s.Target()
	}
	return ref
}

// standinOf returns what makes v stand for one reference after another; nil if it does
// not.
func standinOf(v any) proxy.Standin {
	switch o := v.(type) {
	case *proxy.Ref:
		return o.Standin()
	case proxy.Proxy:
		return o.ProxyRef().Standin()
	}
	return nil
}

// watch returns the context that ends with the reference ref.
func watch(ref *proxy.Ref) context.Context {
	if r := referenceOf(ref); r != nil {
		return r.watch()
	}
	return context.Background()
}
