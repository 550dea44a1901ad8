package sim

import (
	"cmp"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"slices"
	"time"
)

// trace is all that happened, as a hash. Of what happens at the same moment, the order
// does not count: it may be that of goroutines that do not know of each other.
type trace struct {
	born  time.Time
	log   io.Writer // nil: nowhere
	sum   hash.Hash64
	notes []note // since the world was last at rest
}

type note struct {
	at    time.Duration
	text  string
	aside string // what does not count: the text of an error may say which of two timers was first
}

func (t *trace) init(log io.Writer) { t.born, t.log, t.sum = time.Now(), log, fnv.New64a() }

func (t *trace) note(format string, args ...any) {
	t.notes = append(t.notes, note{at: time.Since(t.born), text: fmt.Sprintf(format, args...)})
}

func (t *trace) aside(format string, args ...any) {
	t.notes = append(t.notes, note{at: time.Since(t.born), aside: fmt.Sprintf(format, args...)})
}

// settle enters what happened since it was last called.
func (t *trace) settle() {
	slices.SortFunc(t.notes, func(a, b note) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.text, b.text), cmp.Compare(a.aside, b.aside))
	})
	for _, n := range t.notes {
		if n.text != "" {
			fmt.Fprintf(t.sum, "%v %s\n", n.at, n.text)
		}
		if t.log != nil {
			fmt.Fprintf(t.log, "%12v %s%s\n", n.at, n.text, n.aside)
		}
	}
	t.notes = t.notes[:0]
}

func (t *trace) hash() uint64 { return t.sum.Sum64() }
