package sim

import (
	"math/rand/v2"
	"time"
)

// weights say how often each operation is drawn, out of their sum.
var weights = [...]int{
	opOpen: 40, opCall: 360, opNote: 60, opFinish: 60, opCancel: 12, opDrop: 110, opRelease: 15, opDisown: 4,
	opPin: 6, opUnpin: 6, opCollect: 30, opFlood: 5,
	opBreak: 12, opHalfOpen: 12, opLose: 14, opDelay: 8, opReorder: 8, opStall: 14, opSlowReader: 14, opWriteTimeout: 10,
	opMend: 60, opCrash: 4, opRestart: 12, opClose: 3, opPause: 3, opDoubleDial: 6, opClockJump: 3,
}

// Draw returns the script of a seed.
func Draw(seed uint64, steps int) *Script {
	r := rand.New(rand.NewPCG(seed, 0))
	s := &Script{Seed: seed, Nodes: 3 + r.IntN(4)}
	total := 0
	for _, w := range weights {
		total += w
	}
	for id := range steps {
		s.Steps = append(s.Steps, Step{
			ID: id, Wait: drawWait(r), Op: drawOp(r.IntN(total)),
			A: r.IntN(s.Nodes), B: r.IntN(1 << 10), X: r.Uint32(), Y: r.Uint32(), Z: r.Uint32(),
		})
	}
	return s
}

func drawOp(n int) Op {
	for op, w := range weights {
		if n < w {
			return Op(op)
		}
		n -= w
	}
	return 0
}

// drawWait returns nothing, or a part of what a message takes, in most cases; seldom
// what connections need to be noticed as dead.
func drawWait(r *rand.Rand) time.Duration {
	switch n := r.IntN(1000); {
	case n < 300:
		return 0
	case n < 700:
		return time.Duration(r.IntN(1_000_000))
	case n < 900:
		return time.Duration(r.IntN(20_000_000))
	case n < 990:
		return time.Duration(r.IntN(1_000_000_000))
	default:
		return time.Duration(r.IntN(12_000_000_000))
	}
}
