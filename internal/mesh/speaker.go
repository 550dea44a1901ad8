package mesh

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/netobj/netobj/objects"
)

// speaker writes events. It is safe for concurrent use.
type speaker struct {
	mu  sync.Mutex
	out *json.Encoder
}

func newSpeaker(out io.Writer) *speaker { return &speaker{out: json.NewEncoder(out)} }

// say writes one event. If nobody listens any more, the member's input ends too.
func (s *speaker) say(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.Encode(e)
}

// wrong says that what must never be has happened.
func (s *speaker) wrong(format string, args ...any) {
	s.say(Event{Kind: Wrong, Text: fmt.Sprintf(format, args...)})
}

// failed says that something failed.
func (s *speaker) failed(f Failure) { s.say(Event{Kind: Failed, Failure: &f}) }

// describe fills in what err says.
func (f Failure) describe(err error) Failure {
	f.Outcome, f.Text = objects.OutcomeOf(err), err.Error()
	if e, ok := errors.AsType[*objects.Error](err); ok {
		f.Code = e.Code
	}
	return f
}
