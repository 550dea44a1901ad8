package lifetime

import "slices"

// steps are all that can happen. Each chooses among its cases by pick, and does
// nothing where there is none.
var steps = []func(w *world, h *holder, pick int){
	(*world).pass, (*world).deliver, (*world).deliver, (*world).drop, (*world).cleanup, (*world).release,
	(*world).call, (*world).sent, (*world).flush, (*world).read, (*world).read, (*world).finish, (*world).pin,
	(*world).unpin, (*world).passLate, (*world).bye, (*world).lose, (*world).expire, (*world).breakUp, (*world).resume,
}

// step does one thing at one of the holders.
func (w *world) step(what, pick int) {
	h := w.holders[pick%2]
	steps[what%len(steps)](w, h, pick/2)
	w.check()
}

// pass sends an object to h: a new one, or one that was passed before, exported
// again if it was reclaimed. One in eight cannot be sent.
func (w *world) pass(h *holder, pick int) {
	o := w.pickObject(pick)
	xid, err := w.x.Grant(h.s, h.conn, o.id)
	if err != nil {
		w.reclaimed(w.x.Sweep(o.id))
		return
	}
	if known, taken := w.named[name{h.s, xid}]; taken && known != o.id {
		w.fail("S8: reference %d names objects %d and %d", xid, known, o.id)
	}
	w.named[name{h.s, xid}] = o.id
	unsent := pick%8 == 7
	if !unsent && h.up {
		h.grants = append(h.grants, grant{o.id, xid})
	}
	if unsent || w.without == ruleCountOnSend || w.without == ruleNoUndoAfterSend && pick%8 == 6 {
		w.reclaimed(w.x.Ungrant(h.s, h.conn, xid))
	}
}

// pickObject returns an object that is exported.
func (w *world) pickObject(pick int) *object {
	if pick%16 >= len(w.objects) {
		w.objects = append(w.objects, &object{target: len(w.objects), reclaimed: true})
		pick = len(w.objects) - 1
	}
	o := w.objects[pick%16]
	if o.reclaimed {
		o.id, o.reclaimed = w.x.Add(o.target), false
	}
	return o
}

// passLate tries to send an object to a session that is over.
func (w *world) passLate(_ *holder, pick int) {
	if len(w.ended) == 0 {
		return
	}
	o := w.pickObject(pick)
	if _, err := w.x.Grant(w.ended[pick%len(w.ended)], FirstConn, o.id); err == nil {
		w.fail("L2: granted to a session that has ended")
	}
	w.reclaimed(w.x.Sweep(o.id))
}

// deliver brings one of the grants on their way. One in eight comes in a message
// that is refused, or for a call that was cancelled: nobody takes the proxy.
func (w *world) deliver(h *holder, pick int) {
	if len(h.grants) == 0 {
		return
	}
	g := remove(&h.grants, pick)
	refused := pick%8 == 7
	if refused && w.without == ruleCountFirst {
		return
	}
	if w.without == ruleCountOnSend {
		w.x.Grant(h.s, h.conn, g.o)
	}
	if err := h.m.Receive(h.conn, g.o, g.xid); err != nil {
		w.fail("H1: %v", err)
		return
	}
	if _, alive := h.proxies[g.xid]; !alive {
		h.proxies[g.xid] = h.m.Renew(g.xid)
		if refused {
			h.end(g.xid)
		}
	}
}

// drop makes the program forget a proxy that is in no call; the collector will
// find it.
func (w *world) drop(h *holder, pick int) {
	if xid := h.pickProxy(pick); xid != 0 && (!slices.Contains(h.sending, xid) || w.without == ruleUse) {
		h.end(xid)
	}
}

// cleanup runs one of the cleanups.
func (w *world) cleanup(h *holder, pick int) {
	if len(h.dead) == 0 {
		return
	}
	d := remove(&h.dead, pick)
	if w.without == ruleGeneration {
		if e := h.m.entries.Get(d.xid); e != nil {
			d.gen = e.gen
		}
	}
	_, alive := h.proxies[d.xid]
	if h.m.Cleanup(d.xid, d.gen) && alive {
		w.fail("S1: the cleanup of a proxy that is gone gave up the grants of reference %d, whose proxy lives", d.xid)
	}
}

// release is objects.Release, also under a call that is being sent.
func (w *world) release(h *holder, pick int) {
	if xid := h.pickProxy(pick); xid != 0 {
		h.m.Cleanup(xid, h.proxies[xid])
		delete(h.proxies, xid)
	}
}

// call begins to send a call.
func (w *world) call(h *holder, pick int) {
	xid := h.pickProxy(pick)
	if xid == 0 {
		return
	}
	if w.without != ruleUse && !h.m.Use(xid) {
		w.fail("S1: reference %d has a proxy and is not held", xid)
	}
	h.sending = append(h.sending, xid)
}

// sent brings a call into the lane.
func (w *world) sent(h *holder, pick int) {
	if len(h.sending) == 0 {
		return
	}
	xid := remove(&h.sending, pick)
	if h.up {
		h.lane = append(h.lane, message{call: xid})
	}
	if w.without != ruleUse {
		h.m.Unuse(xid)
	}
}

// flush sends what was given up.
func (w *world) flush(h *holder, pick int) {
	batch := h.m.Batch(h.conn, pick%3+1)
	if len(batch) == 0 || !h.up {
		return
	}
	at := len(h.lane)
	if w.without == ruleOrder {
		at = 0
	}
	h.lane = slices.Insert(h.lane, at, message{entries: batch})
}

// read makes the owner take the next message of h.
func (w *world) read(h *holder, _ int) {
	if len(h.lane) == 0 {
		return
	}
	m := h.lane[0]
	h.lane = h.lane[1:]
	switch {
	case m.statement:
		if w.without == ruleReconcile {
			m.held = w.allListed(h)
		}
		gone, unknown, err := w.x.Reconcile(h.s, h.conn, m.held)
		if err != nil || unknown != nil {
			w.fail("R4: unknown %v, error %v", unknown, err)
		}
		h.waits = false
		w.reclaimed(gone)
	case m.bye:
		w.reclaimed(w.x.EndSession(h.s))
		w.connect(slices.Index(w.holders[:], h))
	case m.call != 0:
		w.begin(h, m.call)
	}
	for _, r := range m.entries {
		if w.without == ruleCounts {
			if l := w.x.listing(h.s, r.XID); l != nil {
				r.N = l.n
			}
		}
		gone, err := w.x.Release(h.s, h.conn, r.XID, r.N)
		if err != nil {
			w.fail("S4: %v", err)
		}
		w.reclaimed(gone)
	}
}

// allListed is a statement that holds whatever the owner lists.
func (w *world) allListed(h *holder) (held []Held) {
	for xid, l := range w.x.sessions[h.s].byXID.All() {
		held = append(held, Held{xid, l.n})
	}
	slices.SortFunc(held, func(a, b Held) int { return int(a.XID) - int(b.XID) })
	return held
}

// begin starts a method.
func (w *world) begin(h *holder, xid XID) {
	id, target, ok := w.x.Begin(h.s, xid)
	if !ok {
		w.fail("S5: reference %d is not listed when a call names it", xid)
		return
	}
	o := w.objects[target]
	if o.id != id || w.named[name{h.s, xid}] != id {
		w.fail("S8: a call on object %d reached object %d", w.named[name{h.s, xid}], id)
	}
	if w.without == ruleRunning {
		w.reclaimed(w.x.End(id))
	}
	o.running++
	w.running = append(w.running, o)
}

// finish ends a method.
func (w *world) finish(_ *holder, pick int) {
	if len(w.running) == 0 {
		return
	}
	o := remove(&w.running, pick)
	o.running--
	if w.without != ruleRunning {
		w.reclaimed(w.x.End(o.id))
	}
}

// pin publishes an object.
func (w *world) pin(_ *holder, pick int) {
	o := w.pickObject(pick)
	w.x.Pin(o.id)
	o.pins++
}

func (w *world) unpin(_ *holder, pick int) {
	for i := range w.objects {
		if o := w.objects[(i+pick)%len(w.objects)]; o.pins > 0 {
			o.pins--
			w.reclaimed(w.x.Unpin(o.id))
			return
		}
	}
}

// bye closes the holder's node: its last message is on the lane.
func (w *world) bye(h *holder, pick int) {
	if pick%4 != 0 || !h.up {
		return
	}
	h.lane = append(h.lane, message{bye: true})
	w.forget(h)
}

// lose breaks the connection: what is on its way is gone.
func (w *world) lose(h *holder, pick int) {
	if pick%4 != 0 || !h.up {
		return
	}
	h.lane = nil
	w.forget(h)
	if w.without == ruleNoExpiryWhileUp {
		h.up = true
	}
}

// breakUp breaks the connection, and both sides fence it: what is on its way is
// gone, what is held stays.
func (w *world) breakUp(h *holder, pick int) {
	if pick%4 != 0 || !h.up {
		return
	}
	h.up, h.broken, h.waits = false, true, false
	h.grants, h.lane = nil, nil
	w.x.Fence(h.s)
	h.m.Fence()
}

// resume makes the next connection of a session, on which the holder states what it
// holds.
func (w *world) resume(h *holder, _ int) {
	if !h.broken {
		return
	}
	h.conn++
	h.up, h.broken, h.waits = true, false, true
	batch := h.m.batch
	h.lane = []message{{statement: true, held: h.m.Snapshot(h.conn)}}
	if w.without == ruleBatchWithSnapshot {
		h.m.batch = batch
	}
}

// forget ends the session for the holder.
func (w *world) forget(h *holder) {
	if w.without == ruleNoExpiryWhileUp {
		return
	}
	h.up, h.broken = false, false
	h.grants = nil
	if w.without != ruleEndForgets {
		h.m.EndSession()
	}
	clear(h.proxies)
	h.dead = nil
}

// expire ends the lease of a session whose connection is lost.
func (w *world) expire(h *holder, pick int) {
	if pick%2 != 0 || h.up && w.without != ruleNoExpiryWhileUp || len(h.lane) > 0 {
		return
	}
	if w.without != ruleExpiry {
		w.reclaimed(w.x.EndSession(h.s))
	}
	if !h.up {
		w.connect(slices.Index(w.holders[:], h))
	}
}
