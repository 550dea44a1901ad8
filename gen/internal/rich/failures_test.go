package rich

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestKnownErrors: these are the same on the other side without anybody's mark.
func TestKnownErrors(t *testing.T) {
	for _, want := range []error{
		context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrShortWrite,
		fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrInvalid, fs.ErrClosed,
		io.ErrShortBuffer, io.ErrNoProgress, fs.SkipDir, fs.SkipAll,
		os.ErrDeadlineExceeded, os.ErrProcessDone, os.ErrNoDeadline, net.ErrClosed, errors.ErrUnsupported,
		strconv.ErrRange, strconv.ErrSyntax,
	} {
		if got := newEcho(want).None(); got != want {
			t.Errorf("%v became %#v", want, got)
		}
		wrapped := fmt.Errorf("while reading: %w", errors.Join(errors.New("other"), want))
		got := newEcho(wrapped).None()
		if !errors.Is(got, want) || got.Error() != wrapped.Error() {
			t.Errorf("%v became %#v", wrapped, got)
		}
	}
	_, missing := os.Open("/nowhere/at/all")
	var path *fs.PathError
	if got := newEcho(missing).None(); !errors.As(got, &path) || path.Path != "/nowhere/at/all" || !errors.Is(got, fs.ErrNotExist) {
		t.Errorf("%v became %#v", missing, got)
	}
}

// stranger is an error type without a mark.
type stranger struct{ inner error }

func (s stranger) Error() string { return "strange: " + s.inner.Error() }
func (s stranger) Unwrap() error { return s.inner }

// TestUnknownErrors: an error without a mark keeps its text and its chain, and
// becomes no Go type that it had.
func TestUnknownErrors(t *testing.T) {
	failure := &Failure{Code: 3, Where: Point{4, 5}, Cause: ErrSentinel}
	want := stranger{fmt.Errorf("at the door: %w", stranger{failure})}
	got := newEcho(want).None()
	if got == nil || got.Error() != want.Error() {
		t.Fatalf("%v became %v", want, got)
	}
	var inner *Failure
	if !errors.As(got, &inner) || inner.Code != 3 || inner.Where != (Point{4, 5}) || inner.Cause != ErrSentinel || !errors.Is(got, ErrSentinel) {
		t.Errorf("the chain became %#v", got)
	}
	if errors.As(got, new(stranger)) {
		t.Errorf("a type without a mark was made: %#v", got)
	}
}

// TestAnyIsForPlainValues: what has no place in any is an error of the call, not
// another value.
func TestAnyIsForPlainValues(t *testing.T) {
	for _, bad := range []any{NewObjectProxy(nil), Point{1, 2}, map[Point]int{}, make(chan int), []any{NewObjectProxy(nil)}, map[string]any{"f": func() {}}, &Point{}} {
		_, _, _, _, _, _, got, _, _, err := newEcho(nil).Plain(context.Background(), 0, "", nil, [2][]string{}, nil, timeT{}, bad, nil)
		if err == nil {
			t.Errorf("%T as any became %#v", bad, got)
		} else if !strings.Contains(err.Error(), "any") {
			t.Errorf("%T as any: %v", bad, err)
		}
	}
}
