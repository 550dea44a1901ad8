package objects

import (
	"runtime/pprof"

	"github.com/netobj/netobj/internal/lifetime"
)

// exportProfile counts the exports by the stacks that made them; see
// Config.ProfileExports. Its values are of type profiled.
var exportProfile = pprof.NewProfile("netobj_exports")

// profiled is an export of a node of this process.
type profiled struct {
	exports *exports
	id      lifetime.ObjectID
}

// profile enters a new export with the stack of its goroutine.
func (x *exports) profile(id lifetime.ObjectID) {
	if x.profiling {
		exportProfile.Add(profiled{x, id}, 2) // from the caller of id on
	}
}

func (x *exports) unprofile(id lifetime.ObjectID) {
	if x.profiling {
		exportProfile.Remove(profiled{x, id})
	}
}
