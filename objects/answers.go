package objects

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/netobj/netobj/internal/buffers"
	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// An answer is kept until the peer has said that it has come, in case that its
// connection breaks (rule C1). It is not copied for that: the buffer that it was encoded
// into stays with it, and the next call is answered from another. What is in the answer
// is kept too: objects of this node by pins, those of others by their proxies and uses.

// served is one of the peer's calls, from its arrival until its answer is not kept any
// more.
type served = lifetime.Served[keptAnswer]

// keptAnswer is what [served] holds beside what is in the table.
type keptAnswer struct {
	in     *incoming // while the method runs
	status wire.Status
	body   []byte
	small  []byte // memory for small bodies
	slots  []marshal.Slot
	pinned []lifetime.ObjectID // objects among slots
	used   []*imported         // references of the peer's own objects among them

	// of the one who sends it
	out    outgoing
	head   []byte
	shared bool // a connection may still read body

	// guarded by serving.mu
	sending bool
	next    *connection // on which it is to be sent then
	gone    bool        // it is not kept any more
	loose   *served     // another one that is gone and holds objects
}

// smallAnswer is the size in bytes up to which an answer is copied: that costs less than
// to change buffers, which would all become large.
const smallAnswer = 1 << 10

// answerCost is what an answer takes in memory beside its bytes and references.
const answerCost = 256

// hold makes a what e is answered with. If what is in it cannot be kept, that is the
// answer.
func (e *keptAnswer) hold(in *incoming, a answer) {
	s := in.s
	if max := s.limits.MaxMessage; a.size() > max { // with its error, or passed on from a node with other limits
		a = in.refuse(fault(CodeLimit, answerSizeError(a.size(), max), hintSize))
	}
	if fail := e.holdSlots(s, a.slots); fail != nil {
		a = in.refuse(fail)
	}
	e.status = a.status
	switch {
	case a.size() <= smallAnswer:
		e.small = append(append(e.small[:0], a.prefix...), a.results...)
		e.body = e.small
	case len(a.prefix) == 0:
		e.body = in.takeResults(a, s.serving.spare())
	default:
		e.body = append(append(s.serving.spare(), a.prefix...), a.results...)
	}
}

func answerSizeError(size, max int) error {
	return fmt.Errorf("the answer takes %d bytes, Limits.MessageSize is %d", size, max)
}

// holdSlots keeps the references of an answer good. On failure there are none.
func (e *keptAnswer) holdSlots(s *session, slots []marshal.Slot) *Error {
	if len(slots) == 0 {
		return nil
	}
	for fail := moved; fail != nil; {
		e.used = e.used[:0]
		for i := range slots {
			if of := importOf(slots[i].Object); of != nil && of.s == s {
				e.used = append(e.used, of)
			}
		}
		if fail = nil; len(e.used) > 0 {
			fail = s.imports.use(e.used...)
		}
		if fail != nil && fail != moved {
			why := cmp.Or(brokenAmong(e.used, nil), fail)
			e.used = e.used[:0]
			return why
		}
	}
	e.slots = append(e.slots[:0], slots...)
	if s.resumable() {
		e.pinned = s.pinAll(e.pinned[:0], slots)
	}
	return nil
}

// takeResults takes the memory of the results over; other takes its place.
func (in *incoming) takeResults(a answer, other []byte) []byte {
	switch data := in.Results.Data(); {
	case len(data) > 0 && &a.results[0] == &data[0]:
		return in.Results.Take(other)
	case len(in.payload) > 0 && &a.results[0] == &in.payload[0]: // relayed
		in.payload = other
		return a.results
	}
	return append(other, a.results...)
}

// cost is what the answer counts for, of Limits.AnswerBytes.
func (e *keptAnswer) cost() int { return answerCost + cap(e.body) + refCost*len(e.slots) }

// replace makes the answer a fault: it cannot be sent as it is.
func (e *keptAnswer) replace(s *session, why *Error) {
	var enc marshal.Encoder
	enc.Reset(&s.limits)
	encodeFault(&enc, why, FailedThere)
	e.status, e.body = wire.StatusFault, enc.Data()
	e.release(s)
}

// release lets go of what is in the answer.
func (e *keptAnswer) release(s *session) {
	if len(e.slots) == 0 {
		return
	}
	if len(e.used) > 0 {
		s.imports.unuse(e.used...)
	}
	s.unpinAll(e.pinned)
	clear(e.slots)
	clear(e.used)
	e.slots, e.used, e.pinned = e.slots[:0], e.used[:0], e.pinned[:0]
}

// sendAnswer sends an answer on a connection. If that does not take it, it is lost, and
// the peer asks on the next one.
func (on *connection) sendAnswer(e *served) {
	if on.ready(on.s.ctx) != nil || !on.grantAnswer(e) {
		return
	}
	on.conclude(e, on.transmitAnswer(e))
}

// grantAnswer grants what is in the answer. It reports false if the connection is lost.
func (on *connection) grantAnswer(e *served) bool {
	a := &e.R
	fail := on.grant(&a.out, a.slots)
	if fail != nil && fail != linkLost {
		a.replace(on.s, fail)
	}
	return fail != linkLost
}

// conclude ends the sending of an answer.
func (on *connection) conclude(e *served, err error) {
	if err != nil {
		on.ungrant(&e.R.out)
		if !errors.Is(err, transport.ErrTooLarge) {
			on.giveUp(err)
		}
	}
}

// appendReturn returns the head of a Return whose results follow.
func (e *keptAnswer) appendReturn(id lifetime.CallID) []byte {
	m := wire.Return{ID: uint64(id), Status: e.status, Caps: e.out.caps}
	e.head = m.AppendHead(e.head[:0], len(e.body))
	return e.head
}

func (on *connection) transmitAnswer(e *served) error {
	s, a := on.s, &e.R
	if len(a.body) <= bulkThreshold {
		return on.sendCall(s.ctx, &s.serving.workers.due, a.appendReturn(e.ID()), a.body)
	}
	m := wire.Return{ID: uint64(e.ID()), Status: a.status, Caps: a.out.caps}
	m.Body = wire.Body{Bulk: true, BulkID: s.calls.nextBulk(), Size: uint64(len(a.body))}
	a.head = m.AppendHead(a.head[:0], 0)
	if err := on.Queue(s.ctx, a.head, nil); err != nil {
		return err
	}
	err := on.SendBody(s.ctx, m.Body.BulkID, a.body)
	a.shared = a.shared || err != nil
	return err
}

// finished takes note that a call has its answer, and returns the connection on which
// that is to be sent; nil: none, or not by the one who asks.
func (v *serving) finished(e *served) *connection {
	v.mu.Lock()
	send, gone := v.table.Finish(e, e.R.cost(), v.gone[:0])
	e.R.in = nil
	e.R.sending = true
	v.open.Add(-1)
	loose := v.discard(gone)
	on := v.on
	v.mu.Unlock()
	v.letGoOf(loose)
	if send == 0 {
		return nil
	}
	return on
}

// discard ends answers that are not kept any more, unless somebody is sending them. It
// returns those that hold objects, for letGoOf; v.mu is held.
func (v *serving) discard(gone []*served) (loose *served) {
	for i, e := range gone {
		gone[i] = nil
		e.R.gone = true
		switch {
		case e.R.sending:
		case len(e.R.pinned) > 0:
			e.R.loose, loose = loose, e
		default:
			v.recycle(e)
		}
	}
	v.gone = gone[:0]
	return loose
}

// sent takes note that nobody is sending e any more; v.mu is held.
func (v *serving) sent(e *served) {
	on := e.R.next
	e.R.next = nil
	switch {
	case on != nil: // it was asked for again meanwhile
		v.workers.all.Go(func() { v.sendAgain(on, e) })
		return
	case e.R.gone && len(e.R.pinned) > 0:
		v.workers.all.Go(func() { v.letGoOf(e) }) // that takes other locks
	case e.R.gone:
		v.recycle(e)
	}
	e.R.sending = false
}

// sendAgain sends e, which the peer has asked for, and which counts as being sent.
func (v *serving) sendAgain(on *connection, e *served) {
	on.sendAnswer(e)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.owed--
	v.sent(e)
}

// letGoOf ends answers that hold objects.
func (v *serving) letGoOf(loose *served) {
	for loose != nil {
		e := loose
		loose, e.R.loose = e.R.loose, nil
		e.R.release(v.s)
		v.mu.Lock()
		v.recycle(e)
		v.mu.Unlock()
	}
}

// recycle makes e, which holds no objects, ready for another call; v.mu is held.
func (v *serving) recycle(e *served) {
	a := &e.R
	a.release(v.s)
	if large := len(a.body) > smallAnswer; large && !a.shared {
		v.put(a.body)
	}
	*e = served{R: keptAnswer{small: a.small[:0], slots: a.slots, pinned: a.pinned, used: a.used, head: a.head[:0],
		out: outgoing{caps: a.out.caps[:0], used: a.out.used[:0]}}}
	if len(v.free) < maxFree {
		v.free = append(v.free, e)
	}
}

// maxFree is how many are kept for further calls.
const maxFree = 512

// fresh returns one for a call that has come; v.mu is held.
func (v *serving) fresh() *served {
	n := len(v.free) - 1
	if n < 0 {
		return new(served)
	}
	e := v.free[n]
	v.free = v.free[:n]
	return e
}

// spares are buffers of large answers, for those who answer next.
type spares struct {
	all   [][]byte
	bytes int
}

// put keeps a buffer that nobody uses any more; v.mu is held.
func (v *serving) put(buf []byte) {
	if v.spares.bytes+cap(buf) > v.s.node.cfg.Limits.AnswerBytes || cap(buf) > 64<<10 {
		buffers.Put(buf)
		return
	}
	v.spares.bytes += cap(buf)
	v.spares.all = append(v.spares.all, buf[:0])
}

// spare returns an empty buffer; nil: there is none.
func (v *serving) spare() []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := len(v.spares.all) - 1
	if n < 0 {
		return nil
	}
	buf := v.spares.all[n]
	v.spares.all[n] = nil
	v.spares.all = v.spares.all[:n]
	v.spares.bytes -= cap(buf)
	return buf
}

// acknowledged ends the answers that the peer says have come on a connection (rule C1).
// An error is a violation.
func (v *serving) acknowledged(on *connection, numbers []uint64) error {
	v.mu.Lock()
	v.ids = v.ids[:0]
	for _, n := range numbers {
		v.ids = append(v.ids, lifetime.CallID(n))
	}
	gone, err := v.table.Ack(on.number, v.ids, v.gone[:0])
	loose := v.discard(gone)
	v.mu.Unlock()
	v.letGoOf(loose)
	return err
}

// receiveAck takes word that answers have come.
func (c *connection) receiveAck(msg []byte) error {
	var m wire.Ack
	if err := wire.ParseAck(msg, &m); err != nil {
		return err
	}
	return c.s.serving.acknowledged(c, m.IDs)
}
