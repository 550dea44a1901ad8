package objects

import (
	"slices"
	"sort"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
)

// Time as the exports tell it has a step of a second, in which four bytes last for
// a century. It is read when an object is exported and with each heartbeat, not
// with each call: when a call ended is known to a sixth of Config.KeepAlive.

// tick sets the clock of the table and returns it; x.mu is held. It begins at 1.
func (x *exports) tick() uint32 {
	x.table.Now = uint32(x.clock()/time.Second) + 1
	return x.table.Now
}

// ages tells when objects were exported, without a word at each: their numbers
// count up, so it is enough to know some of them. An age is up to a twentieth too
// great.
type ages struct{ marks []mark }

// mark says that the objects from first on were exported at a time or later.
type mark struct {
	first lifetime.ObjectID
	at    uint32
}

// maxMarks bounds the memory of ages: 64 KiB.
const maxMarks = 4096

// note takes note that object id is exported now, later than all before it.
func (a *ages) note(id lifetime.ObjectID, now uint32) {
	if n := len(a.marks); n > 0 && a.marks[n-1].at == now {
		return
	}
	if len(a.marks) == maxMarks {
		a.thin(now)
	}
	a.marks = append(a.marks, mark{id, now})
}

// thin drops marks that are near a later one, for their age. Of a century some 2,300
// are left.
func (a *ages) thin(now uint32) {
	left, later := len(a.marks), now
	for i := len(a.marks) - 1; i >= 0; i-- {
		if m := a.marks[i]; i == 0 || later-m.at > (now-m.at)/128 {
			left--
			a.marks[left], later = m, m.at
		}
	}
	a.marks = slices.Delete(a.marks, 0, left)
}

// at returns when object id was exported, or a little earlier.
func (a *ages) at(id lifetime.ObjectID) uint32 {
	later := sort.Search(len(a.marks), func(i int) bool { return a.marks[i].first > id })
	return a.marks[later-1].at
}
