package marshal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

type panicky struct{}

func (panicky) Error() string { panic("no text") }

type wrapsNothing struct{}

func (*wrapsNothing) Error() string { return "typed nil" }
func (*wrapsNothing) Unwrap() error { return nil }

func roundTrip(t *testing.T, err error) error {
	t.Helper()
	var e Encoder
	e.Error(err)
	if bad := e.Err(); bad != nil {
		t.Fatalf("encoding %v: %v", err, bad)
	}
	if bad := Check(e.Data(), nil); bad != nil {
		t.Fatalf("error tree of %v: %v", err, bad)
	}
	var d Decoder
	d.Reset(e.Data(), nil, nil, nil)
	got := d.Error()
	if bad := d.End(); bad != nil {
		t.Fatalf("decoding %v: %v", err, bad)
	}
	return got
}

func TestErrorTrees(t *testing.T) {
	if got := roundTrip(t, nil); got != nil {
		t.Errorf("nil became %v", got)
	}
	if got := roundTrip(t, io.EOF); got != io.EOF {
		t.Errorf("io.EOF became %#v", got)
	}
	tree := fmt.Errorf("load: %w", errors.Join(io.ErrUnexpectedEOF, &fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}))
	got := roundTrip(t, tree)
	if got.Error() != tree.Error() || !errors.Is(got, io.ErrUnexpectedEOF) || !errors.Is(got, fs.ErrNotExist) {
		t.Errorf("tree became %v", got)
	}
	if p, ok := errors.AsType[*fs.PathError](got); !ok || p.Path != "/x" {
		t.Errorf("the path error inside became %v", p)
	}
	for _, odd := range []error{panicky{}, (*wrapsNothing)(nil), errors.New("bad \xff text")} {
		if roundTrip(t, odd) == nil {
			t.Errorf("%T was lost", odd)
		}
	}
	deep := io.EOF
	for range 1000 {
		deep = fmt.Errorf("x%w", deep)
	}
	roundTrip(t, deep)
	wide := make([]error, 5000)
	for i := range wide {
		wide[i] = io.EOF
	}
	roundTrip(t, errors.Join(wide...))
	roundTrip(t, errors.New(strings.Repeat("é", 1<<20)))
}

// closing is an error type whose cause is in no field that travels.
type closing struct {
	Name  string
	cause error
}

func (c *closing) Error() string { return "closing " + c.Name }
func (c *closing) Unwrap() error { return c.cause }

func init() {
	RegisterErrorType("test.closing",
		func(e *Encoder, c *closing) {
			e.Array(1)
			e.String(c.Name)
		},
		func(d *Decoder) *closing {
			m := d.BeginTuple()
			defer d.EndTuple(m)
			return &closing{Name: d.Next().String()}
		})
}

// TestHiddenCause: the chain of a registered type survives even where none of its
// fields holds it.
func TestHiddenCause(t *testing.T) {
	want := fmt.Errorf("save: %w", &closing{"log", fmt.Errorf("flush: %w", fs.ErrClosed)})
	got := roundTrip(t, want)
	c, ok := errors.AsType[*closing](got)
	if got.Error() != want.Error() || !ok || c.Name != "log" || !errors.Is(got, fs.ErrClosed) {
		t.Errorf("%v became %#v", want, got)
	}
	if got := roundTrip(t, &closing{Name: "log"}); got.(*closing).Name != "log" {
		t.Errorf("without a cause: %#v", got)
	}
}

// TestTypeUnknownToTheReceiver keeps text and chain.
func TestTypeUnknownToTheReceiver(t *testing.T) {
	want := &closing{"log", errors.Join(io.EOF, errors.New("disk full"))}
	var e Encoder
	e.Error(want)
	data := bytes.Replace(e.Data(), []byte("test.closing"), []byte("test.Elsewhe"), 1)
	var d Decoder
	d.Reset(data, nil, nil, nil)
	got := d.Error()
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	if _, ok := got.(*RemoteError); !ok || got.Error() != want.Error() || !errors.Is(got, io.EOF) {
		t.Errorf("%v became %#v", want, got)
	}
}

// TestNestedPayloadsAreBounded: the fields of an error may hold an error, and so
// on. Neither a sender with a long chain nor a hostile one makes a peer follow it
// for ever.
func TestNestedPayloadsAreBounded(t *testing.T) {
	chain := error(io.EOF)
	for range 300 {
		chain = &fs.PathError{Op: "open", Path: "/x", Err: chain}
	}
	var e Encoder
	e.Error(chain)
	if e.Err() != nil || len(e.Data()) > 1<<19 {
		t.Fatalf("a long chain takes %d bytes, %v", len(e.Data()), e.Err())
	}
	if p, ok := errors.AsType[*fs.PathError](roundTrip(t, chain)); !ok || p.Path != "/x" {
		t.Errorf("a long chain lost its first error: %v", p)
	}

	item := AppendNil(nil)
	for range 2000 {
		payload := append(AppendArray(nil, 3), 0x60, 0x60)
		payload = append(payload, item...)
		item = AppendString(AppendString(AppendArray(nil, 4), ""), "io/fs.PathError")
		item = AppendArray(AppendBytes(item, payload), 0)
	}
	var d Decoder
	d.Reset(item, nil, nil, nil)
	depth := 0
	for err := d.Error(); err != nil; err = errors.Unwrap(err) {
		depth++
	}
	if depth > maxErrorDepth+1 {
		t.Errorf("a hostile tree was followed %d deep", depth)
	}
}

// TestTextsOfAllErrorsAreBounded: many errors with long texts fit a message.
func TestTextsOfAllErrorsAreBounded(t *testing.T) {
	long := make([]error, 100)
	for i := range long {
		long[i] = fmt.Errorf("%s: %w", strings.Repeat("é", 50<<10), io.EOF)
	}
	var e Encoder
	e.Error(errors.Join(long...))
	if n := len(e.Data()); e.Err() != nil || n > maxErrorTexts+maxErrorNodes*64 {
		t.Errorf("%d bytes, %v", n, e.Err())
	}
	got := roundTrip(t, errors.Join(long...))
	if !errors.Is(got, io.EOF) || !strings.HasSuffix(got.Error(), "é...") {
		t.Errorf("text of %d bytes, chain %v", len(got.Error()), errors.Is(got, io.EOF))
	}
}

// TestErrorsUnderLowLimits: a peer that takes little nesting gets a shorter tree,
// not a failed call.
func TestErrorsUnderLowLimits(t *testing.T) {
	deep := error(io.EOF)
	for range 20 {
		deep = fmt.Errorf("x: %w", deep)
	}
	for depth := 4; depth < 40; depth++ {
		lim := DefaultLimits
		lim.MaxDepth = depth
		var e Encoder
		e.Reset(&lim)
		e.Array(1)
		e.Error(deep)
		if e.Err() != nil || Check(e.Data(), &lim) != nil {
			t.Errorf("depth %d: %v, %v", depth, e.Err(), Check(e.Data(), &lim))
		}
		var d Decoder
		d.Reset(e.Data(), nil, &lim, nil)
		d.Tuple()
		if got := d.Next().Error(); got == nil || got.Error() != deep.Error() || d.End() != nil {
			t.Errorf("depth %d: %v, %v", depth, got, d.Err())
		}
	}
}
