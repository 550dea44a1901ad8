package objects

// The payload of a call is memory of the call. Byte strings of its arguments are
// copied out of it, with two exceptions: those lent to a method under
// //objgen:lend are part of it, and end with the call; and one that is most of a
// payload that came as a bulk body takes it over, and keeps it.

// poison is what lent memory is overwritten with: neither zero nor text, nor the
// start of valid UTF-8 or CBOR.
const poison = 0xff

// retire ends the use of the payload: the answer, which may have parts of it, is
// on its way.
func (in *incoming) retire() {
	switch {
	case in.Args.Given():
		in.payload = nil
	case in.s.node.cfg.PoisonLent:
		for i := range in.payload {
			in.payload[i] = poison
		}
		in.payload = nil // used by nobody, it stays like this
	}
}
