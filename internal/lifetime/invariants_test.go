package lifetime

import "slices"

// check verifies the invariants of docs/PROTOCOL.md, "Lifetimes", by the letters
// that they have there.
func (w *world) check() {
	if err := w.x.Check(); err != nil {
		w.fail("owner: %v", err)
	}
	for _, h := range w.holders {
		if !h.up && !h.broken {
			continue
		}
		if err := h.m.Check(); err != nil {
			w.fail("holder: %v", err)
		}
		w.checkSafety(h)
		if h.up && !h.waits {
			w.checkSums(h)
		}
	}
}

// exported reports whether the object that session s knows as xid is there.
func (w *world) exported(s SessionID, xid XID) bool {
	return w.x.objects.Get(w.named[name{s, xid}]) != nil
}

// checkSafety: what a live proxy, or a grant on its way, names is exported (S1,
// S2), and is held by its session.
func (w *world) checkSafety(h *holder) {
	for xid := range h.proxies {
		if held, _ := h.m.Grants(xid); held == 0 || !w.exported(h.s, xid) {
			w.fail("S1: session %d: the proxy of reference %d lives, %d grants are held, exported: %v", h.s, xid, held, w.exported(h.s, xid))
		}
	}
	for _, g := range h.grants {
		if !w.exported(h.s, g.xid) {
			w.fail("S2: session %d: object %d is reclaimed while a grant is on its way", h.s, g.o)
		}
	}
}

// checkSums: the owner's count is what is on its way, held, in the batch and on
// its way back (S4).
func (w *world) checkSums(h *holder) {
	for n, o := range w.named {
		if n.s != h.s {
			continue
		}
		held, batched := h.m.Grants(n.xid)
		elsewhere := held + batched
		for _, g := range h.grants {
			if g.xid == n.xid {
				elsewhere++
			}
		}
		for _, m := range h.lane {
			for _, r := range m.entries {
				if r.XID == n.xid {
					elsewhere += r.N
				}
			}
		}
		listed := Grants(0)
		if l := w.x.listing(n.s, n.xid); l != nil {
			listed = l.n
		}
		if listed != elsewhere {
			w.fail("S4: object %d: owner counts %d, elsewhere are %d", o, listed, elsewhere)
		}
	}
}

// settle lets go of everything and lets all that is under way end. Then nothing
// may be left (L1, L2).
func (w *world) settle() {
	for range 1000 {
		for _, h := range w.holders {
			for xid := range h.proxies {
				h.end(xid)
			}
		}
		for i := range w.holders {
			for _, step := range []func(*world, *holder, int){
				(*world).deliver, (*world).cleanup, (*world).sent, (*world).flush, (*world).read, (*world).finish, (*world).unpin, (*world).resume, (*world).expire,
			} {
				step(w, w.holders[i], 0) // which may have a new session
			}
		}
		w.check()
		if w.err != nil || w.residue() == 0 {
			return
		}
	}
	w.fail("L1, L2: %d things are left", w.residue())
}

// residue counts what should not be there once nobody holds anything.
func (w *world) residue() int {
	n := w.x.Len() + len(w.running)
	for s := range w.x.sessions {
		n += w.x.Listings(s)
		if !slices.ContainsFunc(w.holders[:], func(h *holder) bool { return h.s == s }) {
			n++
		}
	}
	for _, h := range w.holders {
		n += h.m.Len() + h.m.Pending() + len(h.grants) + len(h.lane) + len(h.dead) + len(h.sending)
	}
	return n
}
