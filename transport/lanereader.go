package transport

// laneReader takes the lane's bytes as they come, in pieces of any size, and
// delivers the messages in them: each behind its length as a uvarint.
type laneReader struct {
	max int // bytes of one message

	size  uint64 // of the message that is coming, as far as it was read
	shift int    // bits of size that were read
	sized bool   // size is complete
	part  []byte // what came of that message, if it did not come at once
}

// feed takes the next bytes. A message that came whole is delivered where it
// lies, without a copy.
func (r *laneReader) feed(p []byte, h Handler) error {
	for len(p) > 0 {
		if !r.sized {
			if err := r.length(p[0]); err != nil {
				return err
			}
			if p = p[1:]; !r.sized || r.size > 0 {
				continue
			}
		}
		if n := int(r.size); len(r.part) == 0 && len(p) >= n {
			h.Message(p[:n:n])
			p = p[n:]
			r.next()
			continue
		}
		n := min(int(r.size)-len(r.part), len(p))
		r.part = append(r.part, p[:n]...)
		if p = p[n:]; len(r.part) == int(r.size) {
			h.Message(r.part)
			r.next()
		}
	}
	return nil
}

// length takes one byte of a message's length.
func (r *laneReader) length(b byte) error {
	if r.shift == 63 && b > 1 {
		return violation("number of more than 64 bits")
	}
	r.size |= uint64(b&0x7f) << r.shift
	r.shift += 7
	if b >= 0x80 {
		return nil
	}
	if r.size > uint64(r.max) {
		return violation("message of %d bytes on the lane, the limit is %d", r.size, r.max)
	}
	r.sized = true
	return nil
}

// next begins another message. A large buffer is not kept for it.
func (r *laneReader) next() {
	if cap(r.part) > keepBuffer {
		r.part = nil
	}
	r.size, r.shift, r.sized, r.part = 0, 0, false, r.part[:0]
}

// inMessage reports whether the bytes so far end within a message.
func (r *laneReader) inMessage() bool { return r.shift > 0 }
