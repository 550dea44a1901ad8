package lifetime

import "fmt"

// Statement is what one side says first on a resumed connection, put together from
// the messages that it comes in. Each side takes it apart again: the owner with
// [Exports.Reconcile], the callee with [Results.Reconcile], and the caller with
// [Calls.Reconcile].
type Statement struct {
	Held  []Held   // references of the receiver that the sender holds
	Calls []CallID // calls of the sender that are open
	Have  []CallID // calls of the receiver that the sender knows
}

// StatementLimits bounds what a peer may state.
type StatementLimits struct {
	Held, Calls, Have int
}

// Add appends the next part. An error is a violation of the protocol.
func (s *Statement) Add(part Statement, limits StatementLimits) error {
	switch {
	case len(s.Held)+len(part.Held) > limits.Held:
		return fmt.Errorf("the peer states more than %d references", limits.Held)
	case len(s.Calls)+len(part.Calls) > limits.Calls:
		return fmt.Errorf("the peer states more than %d open calls", limits.Calls)
	case len(s.Have)+len(part.Have) > limits.Have:
		return fmt.Errorf("the peer states more than %d calls of this node", limits.Have)
	}
	s.Held = append(s.Held, part.Held...)
	s.Calls = append(s.Calls, part.Calls...)
	s.Have = append(s.Have, part.Have...)
	return nil
}

// Part takes up to max entries off the statement, for one message; more reports
// whether others must follow.
func (s *Statement) Part(max int) (part Statement, more bool) {
	part.Held = cut(&s.Held, &max)
	part.Calls = cut(&s.Calls, &max)
	part.Have = cut(&s.Have, &max)
	return part, len(s.Held)+len(s.Calls)+len(s.Have) > 0
}

// cut takes up to *max elements off list, and what it took off *max.
func cut[T any](list *[]T, max *int) []T {
	n := min(*max, len(*list))
	*max -= n
	taken := (*list)[:n:n]
	*list = (*list)[n:]
	return taken
}
