package sim

import "time"

// plan is what a call does, from the numbers of its step.
type plan struct {
	inline   bool     // it is a Note
	args     []uint32 // things that the caller passes, see [world.pick]
	keep     bool     // the method keeps what it got
	give     []uint32 // things that it returns
	nested   nesting
	wait     bool // it returns when it is told to, or its context ends
	fail     bool // with an error
	body     int  // bytes that are passed
	rest     int  // of them that are returned
	deadline time.Duration
}

// nesting is the call that a method makes.
type nesting int

const (
	noCall  nesting = iota
	back            // on what it got
	forward         // on what its program holds, with what it got
)

// bulk is a size that does not travel on the lane.
const bulk = 40 << 10

// planOf reads what a step says. X has the shape, Y and Z choose things.
func planOf(s Step) plan {
	x := bits(s.X)
	p := plan{inline: s.Op == opNote}
	for i := range x.upTo(3) {
		p.args = append(p.args, s.Y>>(8*i)&0xff)
	}
	p.keep = x.upTo(2) > 0
	for i := range x.upTo(3) {
		p.give = append(p.give, s.Z>>(8*i+8)&0xff)
	}
	p.nested = [...]nesting{noCall, noCall, noCall, noCall, back, back, forward, forward}[x.upTo(8)]
	p.wait = x.upTo(4) == 0
	p.fail = x.upTo(8) == 0
	p.body = [...]int{0, 100, 100, bulk}[x.upTo(4)]
	if p.rest = p.body; x.upTo(2) == 0 {
		p.rest = 0
	}
	// Odd numbers, so that no two clocks strike at once.
	p.deadline = [...]time.Duration{0, 0, 0, 0, 731_113 * time.Microsecond, 11_003_171 * time.Microsecond, 47_111_317 * time.Microsecond, 0}[x.upTo(8)]
	return p
}

// bits is a number that is used up piece by piece.
type bits uint32

func (b *bits) upTo(n uint32) uint32 {
	v := uint32(*b) % n
	*b /= bits(n)
	return v
}
