package transport

import "sync"

// laneID is the stream of the lane.
const laneID = 1

// initialWindow is how much a sender may send on a new yamux stream, in bytes,
// before the receiver has granted more.
const initialWindow = 256 << 10

// peerStreams is the table of the bulk streams that the peer has opened, kept
// by what passes on the wire and by the receivers. A stream stays in it as long
// as yamux or a receiver holds something for it. yamux has no limit for their
// number, and one for what it buffers only by stream; it does not see what passes
// it by.
type peerStreams struct {
	window    int64                   // of one stream, in bytes
	max       int                     // streams
	maxUnread int64                   // bytes, of all streams together
	grant     func(id, n uint32) bool // see [inStream]; may be nil

	mu     sync.Mutex
	open   map[uint32]*peerStream
	unread int64 // of all in open
}

// peerStream is one of them.
type peerStream struct {
	in       *inStream // takes what comes past yamux
	unread   int64     // bytes that came and that no window update has granted again
	accepted bool      // its first window update was sent
	theirEnd bool      // the peer sends no more, or reset it
	ourEnd   bool      // we send no more, or reset it
	received bool      // no receiver waits for its bytes
}

func newPeerStreams(cfg *Config) *peerStreams {
	return &peerStreams{
		window:    int64(cfg.Window),
		max:       cfg.MaxStreams,
		maxUnread: maxSending * int64(cfg.Window),
		open:      map[uint32]*peerStream{},
	}
}

// cameOpen notes that the peer opens a stream.
func (p *peerStreams) cameOpen(id uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) >= p.max {
		return violation("more than %d bulk streams at once", p.max)
	}
	p.open[id] = &peerStream{in: newInStream(id, p.window, p.grant)}
	return nil
}

// inbound returns stream id; nil if it is not open.
func (p *peerStreams) inbound(id uint32) *inStream {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.open[id]; s != nil {
		return s.in
	}
	return nil
}

// came notes n bytes and flags of an inbound frame.
func (p *peerStreams) came(id uint32, n int64, flags uint16) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.open[id]
	if s == nil {
		return nil // a late frame of a stream that was reset; yamux discards it
	}
	s.unread += n
	p.unread += n
	s.theirEnd = s.theirEnd || flags&(flagFIN|flagRST) != 0
	s.ourEnd = s.ourEnd || flags&flagRST != 0
	p.settle(id, s)
	switch {
	case s.unread > s.limit(p.window):
		return violation("more than the window of %d bytes on stream %d", s.limit(p.window), id)
	case p.unread > p.maxUnread:
		return violation("more than %d bytes on bulk streams that were not read yet", p.maxUnread)
	}
	return nil
}

// limit is how many unread bytes there may be.
func (s *peerStream) limit(window int64) int64 {
	if !s.accepted {
		return initialWindow
	}
	return window
}

// sent notes a window update with flags, which grants n bytes.
func (p *peerStreams) sent(id uint32, n int64, flags uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.open[id]
	if s == nil {
		return
	}
	if !s.accepted && flags&flagRST == 0 {
		s.accepted = true
		n -= p.window - initialWindow // this much was not there before
	}
	s.unread -= n
	p.unread -= n
	s.ourEnd = s.ourEnd || flags&(flagFIN|flagRST) != 0
	s.theirEnd = s.theirEnd || flags&flagRST != 0
	s.received = s.received || !s.accepted // reset before anybody could receive it
	p.settle(id, s)
}

// done notes that nobody receives on a stream any more.
func (p *peerStreams) done(id uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.open[id]; s != nil {
		s.received = true
		p.settle(id, s)
	}
}

// settle removes s when nobody holds anything for it; p.mu is held.
func (p *peerStreams) settle(id uint32, s *peerStream) {
	if s.theirEnd && s.ourEnd && s.received {
		p.unread -= s.unread
		delete(p.open, id)
	}
}
