package objects

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netobj/netobj/marshal"
)

// Code says what kind of failure an [Error] is. A Code is itself an error, so
// that errors.Is(err, objects.ErrGone) works. The list only grows; codes travel
// between nodes by number.
type Code uint16

// The codes of the runtime's errors.
const (
	CodeGone            Code = 1  // the object's owner has ended or disowned it
	CodeReleased        Code = 2  // this process released the reference
	CodeClosed          Code = 3  // this node is closed
	CodeUnreachable     Code = 4  // no connection to the peer
	CodeNoSuchObject    Code = 5  // the peer knows no object by that id or name
	CodeNoSuchMethod    Code = 6  // the object has no such method
	CodeNoSuchInterface Code = 7  // the object does not implement the interface
	CodeLimit           Code = 8  // a limit of this node or of the peer
	CodeBadArguments    Code = 9  // arguments that cannot be encoded or decoded
	CodeBadResults      Code = 10 // results that cannot be encoded or decoded
	CodePanic           Code = 11 // the method panicked
	CodeVersion         Code = 12 // the nodes share no protocol version
	CodeRefused         Code = 13 // the peer refused the connection
	CodeProtocol        Code = 14 // the peer broke the protocol
	CodeContext         Code = 15 // the caller's context ended first
	CodeUnsupported     Code = 16 // the peer is too old for what was asked
	CodeNotExported     Code = 17 // no exported interface describes the value
	CodeAddress         Code = 18 // an address that cannot be used
	CodeTaken           Code = 19 // a name that is in use
	CodeForbidden       Code = 20 // the peer does not let this node do it
)

// Sentinels for errors.Is. Each matches the [Error]s with its code.
var (
	ErrGone            error = CodeGone
	ErrReleased        error = CodeReleased
	ErrClosed          error = CodeClosed
	ErrUnreachable     error = CodeUnreachable
	ErrNoSuchObject    error = CodeNoSuchObject
	ErrNoSuchMethod    error = CodeNoSuchMethod
	ErrNoSuchInterface error = CodeNoSuchInterface
	ErrLimit           error = CodeLimit
	ErrBadArguments    error = CodeBadArguments
	ErrBadResults      error = CodeBadResults
	ErrPanic           error = CodePanic
	ErrVersion         error = CodeVersion
	ErrRefused         error = CodeRefused
	ErrProtocol        error = CodeProtocol
	ErrUnsupported     error = CodeUnsupported
	ErrNotExported     error = CodeNotExported
	ErrAddress         error = CodeAddress
	ErrTaken           error = CodeTaken
	ErrForbidden       error = CodeForbidden
)

var codeTexts = map[Code]string{
	CodeGone:            "object gone",
	CodeReleased:        "reference released",
	CodeClosed:          "node closed",
	CodeUnreachable:     "peer unreachable",
	CodeNoSuchObject:    "no such object",
	CodeNoSuchMethod:    "no such method",
	CodeNoSuchInterface: "no such interface",
	CodeLimit:           "limit exceeded",
	CodeBadArguments:    "bad arguments",
	CodeBadResults:      "bad results",
	CodePanic:           "method panicked",
	CodeVersion:         "no common protocol version",
	CodeRefused:         "connection refused by peer",
	CodeProtocol:        "protocol violation",
	CodeContext:         "gave up",
	CodeUnsupported:     "not supported by peer",
	CodeNotExported:     "not exported",
	CodeAddress:         "bad address",
	CodeTaken:           "name taken",
	CodeForbidden:       "not permitted by peer",
}

// Error returns the code's text.
func (c Code) Error() string {
	if text, ok := codeTexts[c]; ok {
		return text
	}
	return fmt.Sprintf("error code %d", uint16(c))
}

// ErrOutcomeUnknown matches, with errors.Is, the errors of calls of which it is not known
// whether their methods have run: those with [OutcomeUnknown].
var ErrOutcomeUnknown = errors.New("outcome unknown")

// hintOutcome is what to do about one.
const hintOutcome = "find out what it did before calling again"

// Outcome says how far a failed call got.
type Outcome uint8

// The outcomes of a failed call.
const (
	// NotSent: the method has not run and will not; calling again is safe.
	NotSent Outcome = iota
	// OutcomeUnknown: the call was sent and its end never seen; the method may
	// have run, may be running, or may never run.
	OutcomeUnknown
	// FailedThere: the owner answered, with this error.
	FailedThere
)

// String returns "not sent", "outcome unknown" or "failed there".
func (o Outcome) String() string {
	return [...]string{"not sent", "outcome unknown", "failed there"}[min(o, FailedThere)]
}

// OutcomeOf tells how far the call that returned err, or an error that wraps
// it, got. Errors that the method itself returned are FailedThere, also when it
// passed on the error of a call of its own.
func OutcomeOf(err error) Outcome {
	if e, ok := errors.AsType[*Error](err); ok && !e.foreign {
		return e.Outcome
	}
	return FailedThere
}

// Error is every error of the runtime itself; a method's own error reaches the
// caller as it is, without an Error around it. An Error is immutable.
//
// Its text reads operation, object and peer, what went wrong, why, and what to
// do: "bank.Account.Deposit (object 7f at tcp://10.0.0.5:7070): object gone:
// its owner restarted; look the name up again".
type Error struct {
	Code    Code
	Op      string  // "bank.Account.Deposit", "dial", "listen"
	Object  string  // the object's number at its owner, hexadecimal; empty if no object is concerned
	Peer    string  // the peer's address; empty if no peer is concerned
	Outcome Outcome // how far the call got
	Cause   error   // why; may be nil
	Hint    string  // what to do about it; may be empty

	foreign bool // part of a method's own error: of a call that was made elsewhere
}

// Error returns the whole text.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	switch {
	case e.Object != "" && e.Peer != "":
		fmt.Fprintf(&b, " (object %s at %s)", e.Object, e.Peer)
	case e.Object != "":
		fmt.Fprintf(&b, " (object %s)", e.Object)
	case e.Peer != "":
		fmt.Fprintf(&b, " (%s)", e.Peer)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Code.Error())
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	if e.Outcome == OutcomeUnknown {
		b.WriteString(" (outcome unknown: the method may have run)")
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is match the sentinel of the error's code, and [ErrOutcomeUnknown].
func (e *Error) Is(target error) bool {
	if target == ErrOutcomeUnknown {
		return e.Outcome == OutcomeUnknown && !e.foreign
	}
	code, ok := target.(Code)
	return ok && code == e.Code
}

// fault is what the runtime knows where something fails; the edge that knows
// operation, object, peer and outcome makes an Error of it, see [call.failure].
func fault(code Code, cause error, hint string) *Error {
	return &Error{Code: code, Cause: cause, Hint: hint}
}

// asFault returns err as an Error, under code if it is not one already.
func asFault(code Code, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return fault(code, err, "")
}

// reason is the cause of an Error where only words are known.
type reason string

func (r reason) Error() string { return string(r) }

// An Error inside a method's own error keeps its fields on the way to the
// caller.
func init() {
	marshal.RegisterErrorType("netobj.Error", encodeError, decodeError)
}

func encodeError(e *marshal.Encoder, err *Error) {
	e.Array(7)
	e.Uint(uint64(err.Code))
	e.String(err.Op)
	e.String(err.Object)
	e.String(err.Peer)
	e.Uint(uint64(err.Outcome))
	e.Error(err.Cause)
	e.String(err.Hint)
}

func decodeError(d *marshal.Decoder) *Error {
	d.Tuple()
	return &Error{
		Code:    Code(d.Next().Uint16()),
		Op:      d.Next().String(),
		Object:  d.Next().String(),
		Peer:    d.Next().String(),
		Outcome: Outcome(d.Next().Uint8()),
		Cause:   d.Next().Error(),
		Hint:    d.Next().String(),
		foreign: true,
	}
}
