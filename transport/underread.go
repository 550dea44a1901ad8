package transport

// Read gives yamux what came: every frame that the guard lets pass, except what
// passes yamux by.
func (u *under) Read(p []byte) (int, error) {
	for {
		if n := u.give(p); n > 0 {
			return n, nil
		}
		if err := u.endOfStream(); err != nil {
			return 0, err
		}
		if u.next == u.end {
			if err := u.more(); err != nil {
				return 0, err
			}
		}
		if err := u.advance(); err != nil {
			return 0, err
		}
	}
}

// inFrame is the inbound frame that is being read.
type inFrame struct {
	header [headerSize]byte
	have   int    // bytes of header that were read
	pass   []byte // of header, not yet given to yamux
	left   int    // bytes of the body that have not been taken
	taker  taker  // gets the body; nil: yamux
	flags  uint16 // of a frame for the taker: the stream ends with it, or not
}

// taker takes what comes on a stream past yamux. It is called by the connection's
// reader.
type taker interface {
	// came takes a part of the stream. An error ends the connection.
	came(p []byte) error
	// widen takes a grant of the peer, in bytes.
	widen(n uint32)
	// ended takes the end of the peer's side, which was a reset or not. An error
	// ends the connection.
	ended(reset bool) error
}

// nobody takes what comes on a stream that is over.
type nobody struct{}

func (nobody) came([]byte) error { return nil }
func (nobody) widen(uint32)      {}
func (nobody) ended(bool) error  { return nil }

// give copies to p what comes next for yamux, of a header or a body; 0 if there is
// nothing in the buffer.
func (u *under) give(p []byte) (n int) {
	f := &u.frame
	if len(f.pass) > 0 {
		n = copy(p, f.pass)
		f.pass = f.pass[n:]
		return n
	}
	if f.taker == nil {
		n = copy(p, u.body())
		u.take(n)
	}
	return n
}

// endOfStream tells the taker when its stream ends with the frame that was read.
func (u *under) endOfStream() error {
	f := &u.frame
	if f.left > 0 || f.taker == nil || f.flags&(flagFIN|flagRST) == 0 {
		return nil
	}
	reset := f.flags&flagRST != 0
	f.flags = 0
	return f.taker.ended(reset)
}

// body is what the buffer has of the frame's body.
func (u *under) body() []byte { return u.buf[u.next:min(u.end, u.next+u.frame.left)] }

// take moves on by n bytes of the body.
func (u *under) take(n int) {
	u.next += n
	u.frame.left -= n
}

// advance uses what the buffer has that is not yamux's yet: a body for a taker, or
// the next header.
func (u *under) advance() error {
	f := &u.frame
	switch {
	case f.left > 0 && f.taker != nil:
		body := u.body()
		u.take(len(body))
		if len(body) == 0 {
			return nil
		}
		return f.taker.came(body)
	case f.left > 0:
		return nil // give will
	}
	n := copy(f.header[f.have:], u.buf[u.next:u.end])
	u.next += n
	if f.have += n; f.have < headerSize {
		return nil
	}
	h := parseHeader(f.header[:])
	if err := u.guard.came(h); err != nil {
		return err
	}
	u.begin(h)
	return nil
}

// begin sorts out who gets the frame whose header has come. Of the frames that
// pass it by yamux gets the flags alone.
func (u *under) begin(h header) {
	f := &u.frame
	f.have, f.left, f.pass, f.taker, f.flags = 0, 0, f.header[:], nil, h.flags
	if h.kind == frameData {
		f.left = int(h.length)
	}
	if u.lane == nil || h.kind > frameWindow {
		return
	}
	f.taker = u.takerOf(h.id)
	if h.kind == frameWindow {
		f.taker.widen(h.length)
	}
	clear(f.header[headerSize-4:]) // its length
	if h.flags == 0 {
		f.pass = nil
	}
}

// takerOf returns who takes the frames of a stream past yamux.
func (u *under) takerOf(id uint32) taker {
	if id == laneID {
		return u.lane
	}
	if id%2 == u.guard.parity {
		if in := u.guard.streams.inbound(id); in != nil {
			return in
		}
	} else if out := u.bulk.outbound(id); out != nil {
		return out
	}
	return nobody{} // it was closed, and they are late
}

// more reads from the network: into the buffer, which is empty, or into the body
// that the frame belongs to.
func (u *under) more() error {
	f := &u.frame
	in, ok := f.taker.(*inStream)
	if !ok || f.left < directRead {
		return u.fill()
	}
	// With the rest of the frame comes the next one's header, in the place of what
	// will be behind it; else there would be another read for it.
	room := in.room(f.left + headerSize)
	if len(room) < directRead {
		return u.fill()
	}
	n, err := u.Conn.Read(room)
	u.received.Add(uint64(n))
	if n == 0 {
		return err
	}
	if beyond := room[min(n, f.left):n]; len(beyond) > 0 {
		u.resize()
		u.next, u.end = 0, copy(u.buf, beyond)
	}
	n = min(n, f.left)
	f.left -= n
	in.filled(n)
	return nil
}

// fill reads from the network into the buffer, which is empty.
func (u *under) fill() error {
	u.resize()
	n, err := u.Conn.Read(u.buf)
	u.received.Add(uint64(n))
	if n == 0 {
		return err
	}
	u.fit(n)
	u.next, u.end = 0, n
	return nil
}

// resize gives the buffer, which is empty, the size that it shall have.
func (u *under) resize() {
	if len(u.buf) != u.size || u.size == 0 {
		u.size = max(u.size, minReadBuffer)
		u.buf = make([]byte, u.size)
	}
}

// fit adapts the buffer's size to a read of n bytes.
func (u *under) fit(n int) {
	u.sparse++
	if n > u.size/8 {
		u.sparse = 0
	}
	switch {
	case n == u.size:
		u.size = min(4*u.size, maxReadBuffer)
	case u.sparse == sparseReads:
		u.size = max(u.size/4, minReadBuffer)
		u.sparse = 0
	}
}
