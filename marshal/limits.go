package marshal

import "fmt"

// Limits bounds one message. A zero field means the default at it.
type Limits struct {
	MaxMessage  int // bytes; default 4 MiB
	MaxDepth    int // nesting of arrays, maps and tags; default 32
	MaxElements int // elements of one array; default 65,536
	MaxPairs    int // pairs of one map; default 16,384
	MaxRefs     int // references in one message; default 1,024
}

// DefaultLimits are the limits where none are given.
var DefaultLimits = Limits{MaxMessage: 4 << 20, MaxDepth: 32, MaxElements: 65536, MaxPairs: 16384, MaxRefs: 1024}

func (l *Limits) orDefault() *Limits {
	if l == nil {
		return &DefaultLimits
	}
	return l
}

// Error is what is wrong with a value or a message.
type Error struct {
	Path   string // where: "[0].Items[3].Meta"; the first index counts parameters or results
	Offset int    // in bytes from the start of the message
	Reason string // what is wrong
	Limit  string // the limit that was exceeded, as Limits names it; empty for other errors
	Max    int64  // its value
	Got    int64  // what exceeded it
	Err    error  // the cause, where there is one
}

// Error returns the place and what is wrong there.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Detail()
	}
	return e.Path + ": " + e.Detail()
}

// Detail returns what is wrong, without the place.
func (e *Error) Detail() string {
	switch {
	case e.Limit != "":
		return fmt.Sprintf("%s: %d, the limit %s is %d", e.Reason, e.Got, e.Limit, e.Max)
	case e.Err != nil && e.Reason != "":
		return e.Reason + ": " + e.Err.Error()
	case e.Err != nil:
		return e.Err.Error()
	}
	return e.Reason
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func overLimit(what, limit string, max, got int64) *Error {
	return &Error{Reason: what, Limit: limit, Max: max, Got: got}
}
