package transport

import (
	"bytes"
	"cmp"
	"context"
	"sync"
	"time"
)

// pipeLane is one direction of a pair: messages and bodies on their way, and in the
// end the news that nothing more comes. What the way does to them happens here.
type pipeLane struct {
	pair *pipePair
	way  *pipeWay

	mu       sync.Mutex    // guards what follows
	limit    int           // of queued
	queue    []pipeItem    // in the order of sending; messages arrive in it, and so do bodies
	queued   int           // bytes of messages in queue
	bodies   int           // bytes of bodies that were not received yet
	ready    chan struct{} // capacity 1: something changed for the reader
	room     chan struct{} // closed and replaced when there may be room
	last     [2]time.Time  // arrival of the latest message, and of the latest body; zero if at once
	free     time.Time     // when the way has carried all, at its rate
	stall    *time.Timer   // runs since something was sent on a stalled way; nil otherwise
	tired    func()        // called after patience of that; nil before multiplexing
	patience time.Duration
	frozen   bool     // something was lost, and with it all that follows
	end      *pipeFin // what the sender said last; nil as long as more may come
	gone     error    // why nothing is received any more, be there an end or not
}

// pipeItem is a message, or a body.
type pipeItem struct {
	msg  []byte
	body *pipeBody
	at   time.Time // when it arrives; zero: at once
}

type pipeBody struct {
	id   uint64
	size int
	data []byte
	lost bool // the sender gave up
}

// pipeFin is the end of what is sent.
type pipeFin struct {
	err error     // for the receiver
	at  time.Time // when it arrives
}

// maxPipeBodies is how many bytes of bodies are held at once for one direction,
// beside one body of any size.
const maxPipeBodies = 32 << 20

func (l *pipeLane) init(pair *pipePair, way *pipeWay, limit int) {
	l.pair, l.way, l.limit = pair, way, limit
	l.ready = make(chan struct{}, 1)
	l.room = make(chan struct{})
}

// put sends an item when there is room for it. Of a body whose sender does not
// wait so long, the receiver hears that it is lost. The error of a lane that has
// ended is its reason.
func (l *pipeLane) put(ctx context.Context, item pipeItem) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var gaveUp error
	for gaveUp == nil && l.over() == nil && l.full(item) {
		gaveUp = l.awaitRoom(ctx)
	}
	if over := l.over(); over != nil {
		return over
	}
	if item.body == nil && gaveUp != nil || l.loses() {
		return gaveUp
	}
	if item.body != nil {
		item.body.lost = gaveUp != nil
		l.takeBody(item.body)
	}
	item.at = l.arrival(item)
	l.queue = append(l.queue, item)
	l.queued += len(item.msg)
	l.watchStall()
	l.wake()
	return gaveUp
}

// over returns why nothing can be sent any more; l.mu is held.
func (l *pipeLane) over() error {
	if l.end != nil {
		return cmp.Or(l.gone, l.end.err)
	}
	return l.gone
}

// loses reports whether what is sent is lost. Of a stream of bytes that has lost some,
// nothing more can be read; l.mu is held.
func (l *pipeLane) loses() bool {
	l.frozen = l.frozen || l.way.now.Load().lost
	return l.frozen
}

func (l *pipeLane) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen = true
}

// full reports whether item must wait; l.mu is held.
func (l *pipeLane) full(item pipeItem) bool {
	if item.body != nil {
		return l.bodies > 0 && l.bodies+item.body.size > maxPipeBodies
	}
	return l.queued > 0 && l.queued+len(item.msg) > l.limit
}

// awaitRoom waits until there may be room; l.mu is held, but not meanwhile.
func (l *pipeLane) awaitRoom(ctx context.Context) error {
	if ctx == impatient {
		return ErrFull
	}
	room := l.room
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// takeBody makes the body's bytes the lane's own; l.mu is held.
func (l *pipeLane) takeBody(b *pipeBody) {
	if b.lost {
		b.data = nil
		return
	}
	b.data = bytes.Clone(b.data)
	l.bodies += b.size
}

// arrival returns when an item arrives that is sent now: as the way is now, and not
// before others of its kind; l.mu is held.
func (l *pipeLane) arrival(item pipeItem) time.Time {
	w := l.way.now.Load()
	last, size, delay := &l.last[0], len(item.msg), w.delay
	if item.body != nil {
		last, size, delay = &l.last[1], len(item.body.data), w.delay+w.bodies
	}
	if delay == 0 && w.rate == 0 && last.IsZero() {
		return time.Time{}
	}
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	if w.rate > 0 {
		l.free = l.free.Add(time.Duration(size) * time.Second / time.Duration(w.rate))
	}
	*last = later(*last, l.free.Add(delay))
	return *last
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// received gives back the room of a body.
func (l *pipeLane) received(b *pipeBody) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.lost {
		l.bodies -= b.size
		l.makeRoom()
	}
}

// makeRoom wakes all who wait for room; l.mu is held.
func (l *pipeLane) makeRoom() {
	close(l.room)
	l.room = make(chan struct{})
}

func (l *pipeLane) wake() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// take returns what has arrived, at most limit items; it waits for something, no
// longer than ctx.
func (l *pipeLane) take(ctx context.Context, limit int) ([]pipeItem, error) {
	for {
		items, next, err := l.arrived(limit)
		if len(items) > 0 || err != nil {
			return items, err
		}
		if err := l.await(ctx, next); err != nil {
			return nil, err
		}
	}
}

// await waits until something has changed, or next has come.
func (l *pipeLane) await(ctx context.Context, next time.Time) error {
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-l.ready:
	case <-due:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// arrived takes what has arrived, at most limit items. If that is nothing, it returns
// when something will, as far as that is known.
func (l *pipeLane) arrived(limit int) (items []pipeItem, next time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone != nil {
		return nil, next, l.gone
	}
	if l.way.now.Load().stalled {
		return nil, next, nil
	}
	if items, next = l.split(limit); len(items) > 0 {
		l.makeRoom()
		return items, next, nil
	}
	if l.end != nil && len(l.queue) == 0 {
		if !arrivedBy(l.end.at) {
			return nil, l.end.at, nil
		}
		err = l.end.err
	}
	return nil, next, err
}

// split takes what has arrived out of the queue, and returns when the first of the
// rest does; l.mu is held.
func (l *pipeLane) split(limit int) (items []pipeItem, next time.Time) {
	if l.last == [2]time.Time{} && len(l.queue) <= limit {
		items, l.queue, l.queued = l.queue, nil, 0
		return items, next
	}
	var rest []pipeItem
	for _, item := range l.queue {
		switch due := arrivedBy(item.at); {
		case due && len(items) < limit:
			items = append(items, item)
			l.queued -= len(item.msg)
			continue
		case !due && (next.IsZero() || item.at.Before(next)):
			next = item.at
		}
		rest = append(rest, item)
	}
	l.queue = rest
	return items, next
}

// arrivedBy reports whether what arrives at a time is there.
func arrivedBy(at time.Time) bool { return at.IsZero() || !time.Now().Before(at) }

// close says that nothing more is sent, after what is on its way or, without drain,
// in place of it. The receiver hears of it as it does of messages.
func (l *pipeLane) close(err error, drain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over() != nil || l.loses() {
		return
	}
	at := later(l.arrival(pipeItem{}), l.last[1])
	if !drain {
		l.queue, l.queued = nil, 0
	}
	l.end = &pipeFin{err, at}
	l.makeRoom()
	l.watchStall()
	l.wake()
}

// cut ends the lane at once; the first reason stays. Nothing is received any more, but
// for what came before an end that is there already.
func (l *pipeLane) cut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone == nil && !l.endIsThere() {
		l.gone = err
		l.queue, l.queued = nil, 0
		l.unwatchStall()
		l.makeRoom()
	}
	l.wake()
}

// ended returns why nothing more is received, nil as long as something may be.
func (l *pipeLane) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone == nil && l.endIsThere() {
		return l.end.err
	}
	return l.gone
}

// endIsThere reports whether the sender's last word has arrived; l.mu is held.
func (l *pipeLane) endIsThere() bool {
	return l.end != nil && arrivedBy(l.end.at) && !l.way.now.Load().stalled
}

// expect has tired called when the other end took nothing for so long.
func (l *pipeLane) expect(patience time.Duration, tired func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.patience, l.tired = patience, tired
}

// watchStall sees to it that a sender does not wait for ever; l.mu is held.
func (l *pipeLane) watchStall() {
	if l.stall == nil && l.tired != nil && l.way.now.Load().stalled {
		l.stall = time.AfterFunc(l.patience, l.tired)
	}
}

// unwatchStall ends what watchStall began; l.mu is held.
func (l *pipeLane) unwatchStall() {
	if l.stall != nil {
		l.stall.Stop()
		l.stall = nil
	}
}

// changed is called when the way has changed.
func (l *pipeLane) changed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.way.now.Load().stalled {
		l.unwatchStall()
	}
	l.wake()
}
