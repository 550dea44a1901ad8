package transport

import (
	"slices"
	"testing"
)

// sink is the stream of a lane that takes everything, and notes the writes.
type sink struct {
	laneStream
	writes, tries []string
	busy          bool // tries are refused
}

func (s *sink) write(batch []byte) error {
	s.writes = append(s.writes, string(batch))
	return nil
}

func (s *sink) tryWrite(batch []byte, behind *frame) (taken, more bool) {
	if !s.busy {
		if behind != nil {
			batch = append(batch, behind.rest...)
		}
		s.tries = append(s.tries, string(batch))
	}
	return !s.busy, false
}

// TestHeldMessages: what a handler sends with others to come leaves in one write,
// when the reader has delivered what it has read, or before that if there is a
// reason. Nothing is held for ever.
func TestHeldMessages(t *testing.T) {
	send := func(l *laneWriter, text string, when urgency) {
		if err := l.send(impatient, []byte(text), nil, when); err != nil {
			t.Error(err)
		}
	}
	large := string(make([]byte, maxHeld))
	for name, c := range map[string]struct {
		run           func(l *laneWriter)
		busy          bool
		writes, tries []string
	}{
		"until the reader is done": {run: func(l *laneWriter) { l.release() }, tries: []string{"\x01a\x01b"}},
		"the network is busy":      {run: func(l *laneWriter) { l.release() }, busy: true, writes: []string{"\x01a\x01b"}},
		"another sender":           {run: func(l *laneWriter) { send(l, "c", soon) }, writes: []string{"\x01a\x01b\x01c"}},
		"the last of a group":      {run: func(l *laneWriter) { send(l, "c", queued); l.flushNow() }, tries: []string{"\x01a\x01b\x01c"}},
		"a body":                   {run: func(l *laneWriter) { l.writeWith(&frame{rest: []byte("body")}) }, tries: []string{"\x01a\x01bbody"}},
		"a body, the network is busy": {run: func(l *laneWriter) {
			if l.writeWith(&frame{rest: []byte("body")}) {
				t.Error("the body is under way")
			}
		}, busy: true, writes: []string{"\x01a\x01b"}},
		"a group is large":      {run: func(l *laneWriter) { send(l, large, queued) }, writes: []string{"\x01a\x01b\x80\x80\x01" + large}},
		"much is held":          {run: func(l *laneWriter) { send(l, large, held) }, writes: []string{"\x01a\x01b\x80\x80\x01" + large}},
		"the connection closes": {run: func(l *laneWriter) { l.drain() }, writes: []string{"\x01a\x01b"}},
	} {
		conn, s := &muxConn{}, &sink{busy: c.busy}
		l := newLaneWriter(fuzzConfig(), conn)
		l.w = s
		l.hold()
		send(l, "a", held)
		send(l, "b", held)
		if l.flushing {
			t.Errorf("%s: nothing was held", name)
		}
		c.run(l)
		conn.tasks.Wait()
		if !slices.Equal(s.writes, c.writes) || !slices.Equal(s.tries, c.tries) {
			t.Errorf("%s: written %.30q, tried %.30q", name, s.writes, s.tries)
		}
	}
}

// TestNothingIsHeldOffTheReader: with no reader to release it, a message leaves soon.
func TestNothingIsHeldOffTheReader(t *testing.T) {
	conn, s := &muxConn{}, &sink{}
	l := newLaneWriter(fuzzConfig(), conn)
	l.w = s
	if err := l.send(impatient, []byte("a"), nil, held); err != nil {
		t.Error(err)
	}
	conn.tasks.Wait()
	if !slices.Equal(s.writes, []string{"\x01a"}) {
		t.Errorf("written %q", s.writes)
	}
}

// endingSink is the stream of a lane whose connection ends during a tried write.
type endingSink struct {
	sink
	l *laneWriter
}

func (s *endingSink) tryWrite(batch []byte, behind *frame) (taken, more bool) {
	s.l.fail(errPeerClosed)
	return s.sink.tryWrite(batch, behind)
}

// TestNothingStartsAfterTheEnd: when the connection ends during a tried write, no
// goroutine is started for the rest. Serve may have waited for all of them already.
func TestNothingStartsAfterTheEnd(t *testing.T) {
	for name, busy := range map[string]bool{"taken": false, "not taken": true} {
		l := newLaneWriter(fuzzConfig(), &muxConn{})
		l.w = &endingSink{sink{busy: busy}, l}
		l.run = func() {
			defer l.conn.tasks.Done()
			t.Errorf("%s: a goroutine was started", name)
		}
		if err := l.send(impatient, []byte("a"), nil, queued); err != nil {
			t.Error(err)
		}
		l.flushNow()
		l.conn.tasks.Wait()
		l.drain() // nobody writes any more
	}
}
