package marshal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"reflect"
	"strconv"
	"sync"
	"unicode/utf8"
)

// An error travels as a tree of nodes [text, name, payload, children]. The name
// is that of a registered sentinel or type, null for other errors, and only ever
// selects from the table of this program. Children are what Unwrap gives.

// Limits of an error tree, with the trees inside its payloads; what is beyond them
// is cut.
const (
	maxErrorDepth = 12 // two levels of MaxDepth each
	maxErrorNodes = 256
	maxErrorText  = 64 << 10  // bytes of one node
	maxErrorTexts = 256 << 10 // bytes of all
)

// errorRoom is what an error tree may still take. The trees inside payloads share
// it: otherwise each level of them would be a way around the limits.
type errorRoom struct {
	depth, nodes, text int
	payloads           int // that enclose what is being written
}

func newErrorRoom(lim *Limits) *errorRoom {
	depth := max(min(maxErrorDepth, lim.orDefault().MaxDepth/2-2), 0)
	return &errorRoom{depth: depth, nodes: maxErrorNodes, text: maxErrorTexts}
}

// known is the table of registered errors.
var known = struct {
	sync.RWMutex
	sentinels map[string]error
	names     map[error]string // of sentinels
	types     map[string]*errorType
	byType    map[reflect.Type]*errorType
}{
	sentinels: map[string]error{},
	names:     map[error]string{},
	types:     map[string]*errorType{},
	byType:    map[reflect.Type]*errorType{},
}

type errorType struct {
	name   string
	encode func(*Encoder, error)
	decode func(*Decoder) error
}

// RegisterError makes err, a sentinel, known under name: it arrives as the same
// variable in every process that registered it. Generated code calls it while
// packages initialize. It panics if the name is taken.
func RegisterError(name string, err error) {
	known.Lock()
	defer known.Unlock()
	claimName(name)
	known.sentinels[name] = err
	known.names[err] = name
}

// RegisterErrorType makes error type T known under name: values arrive as a T,
// with the fields that encode wrote. It panics if the name is taken.
func RegisterErrorType[T error](name string, encode func(*Encoder, T), decode func(*Decoder) T) {
	known.Lock()
	defer known.Unlock()
	claimName(name)
	t := &errorType{
		name:   name,
		encode: func(e *Encoder, err error) { encode(e, err.(T)) },
		decode: func(d *Decoder) error { return decode(d) },
	}
	known.types[name] = t
	known.byType[reflect.TypeFor[T]()] = t
}

func claimName(name string) {
	_, sentinel := known.sentinels[name]
	_, errType := known.types[name]
	if sentinel || errType {
		panic(fmt.Sprintf("marshal: error %s is registered twice; delete one of the generated files that name it", name))
	}
}

func init() {
	for name, err := range map[string]error{
		"context.Canceled":         context.Canceled,
		"context.DeadlineExceeded": context.DeadlineExceeded,
		"io.EOF":                   io.EOF,
		"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
		"io.ErrClosedPipe":         io.ErrClosedPipe,
		"io.ErrShortWrite":         io.ErrShortWrite,
		"io.ErrShortBuffer":        io.ErrShortBuffer,
		"io.ErrNoProgress":         io.ErrNoProgress,
		"io/fs.ErrInvalid":         fs.ErrInvalid,
		"io/fs.ErrPermission":      fs.ErrPermission,
		"io/fs.ErrExist":           fs.ErrExist,
		"io/fs.ErrNotExist":        fs.ErrNotExist,
		"io/fs.ErrClosed":          fs.ErrClosed,
		"io/fs.SkipDir":            fs.SkipDir,
		"io/fs.SkipAll":            fs.SkipAll,
		"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
		"os.ErrProcessDone":        os.ErrProcessDone,
		"os.ErrNoDeadline":         os.ErrNoDeadline,
		"strconv.ErrRange":         strconv.ErrRange,
		"strconv.ErrSyntax":        strconv.ErrSyntax,
		"net.ErrClosed":            net.ErrClosed,
		"errors.ErrUnsupported":    errors.ErrUnsupported,
	} {
		RegisterError(name, err)
	}
	RegisterErrorType("io/fs.PathError",
		func(e *Encoder, err *fs.PathError) {
			e.Array(3)
			e.String(err.Op)
			e.String(err.Path)
			e.Error(err.Err)
		},
		func(d *Decoder) *fs.PathError {
			m := d.BeginTuple()
			defer d.EndTuple(m)
			return &fs.PathError{Op: d.Next().String(), Path: d.Next().String(), Err: d.Next().Error()}
		})
}

// implied are the sentinels that other errors stand for by an Is method only, as
// syscall.ENOENT does for fs.ErrNotExist; they are sent along as children.
var implied = []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, os.ErrDeadlineExceeded, errors.ErrUnsupported}

// RemoteError is an error of another process that has no Go type here: its text
// and what it wrapped.
type RemoteError struct {
	Text     string
	children []error
}

// Error returns the text that the error had where it came from.
func (e *RemoteError) Error() string { return e.Text }

// Unwrap returns the errors that it wrapped, of which errors.Is and errors.As
// find those that are registered in this program.
func (e *RemoteError) Unwrap() []error { return e.children }

// Error writes err as a tree; nil is null. It never fails for what err is:
// unknown types keep their text, panicking methods are noted.
func (e *Encoder) Error(err error) {
	if err == nil {
		e.Nil()
		return
	}
	if e.room == nil {
		e.room = newErrorRoom(e.lim)
		defer func() { e.room = nil }()
	}
	e.errorNode(err)
}

func (e *Encoder) errorNode(err error) {
	room := e.room
	room.nodes--
	room.depth--
	defer func() { room.depth++ }()
	name, t := errorName(err)
	e.Array(4)
	text := errorText(err, min(maxErrorText, room.text))
	room.text -= len(text)
	e.String(text)
	before := room.nodes
	switch {
	case t != nil:
		e.String(t.name)
		e.payload(t, err)
	case name != "":
		e.String(name)
		e.Nil()
	default:
		e.Nil()
		e.Nil()
	}
	children := errorChildren(err, name != "" || t != nil)
	// Who knows the type finds the chain in its fields. For others it is told
	// again, but not at every level, or the tree would double at each.
	again := room.nodes < before && room.payloads > 0
	if again || room.depth <= 0 || len(children) > room.nodes {
		children = nil
	}
	e.Array(len(children))
	for _, child := range children {
		e.errorNode(child)
	}
}

// payload writes the fields of a registered type as a byte string, so that a
// receiver without the type can pass over what it could not check.
func (e *Encoder) payload(t *errorType, err error) {
	fields := Encoder{lim: e.lim, room: e.room}
	e.room.payloads++
	defer func() { e.room.payloads-- }()
	func() {
		defer func() {
			if p := recover(); p != nil {
				fields.Fail(fmt.Errorf("encoding a %T panicked: %v", err, p))
			}
		}()
		if e.room.depth > 0 && e.room.nodes > 0 {
			t.encode(&fields, err)
		}
	}()
	if fields.Err() != nil || len(fields.slots) > 0 || len(fields.buf) == 0 {
		e.Nil() // the text must do
		return
	}
	e.Bytes(fields.buf)
}

// errorName returns the name of err in the table, and its type if it is not a
// sentinel.
func errorName(err error) (string, *errorType) {
	known.RLock()
	defer known.RUnlock()
	rt := reflect.TypeOf(err)
	if rt.Comparable() && reflect.ValueOf(err).Comparable() {
		if name, ok := known.names[err]; ok {
			return name, nil
		}
	}
	if t := known.byType[rt]; t != nil && !isNil(err) {
		return t.name, t
	}
	return "", nil
}

func isNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// errorText is err.Error(), cut to max bytes, and what is known if it panics.
func errorText(err error, max int) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("%T, whose Error method panicked: %v", err, p)
		}
		if !utf8.ValidString(text) {
			text = fmt.Sprintf("%+q", text)
		}
		if len(text) > max {
			text = cut(text, max)
		}
	}()
	return err.Error()
}

// cut shortens text to max bytes, with a mark, and not within a character.
func cut(text string, max int) string {
	const mark = "..."
	end := max - len(mark)
	if end < 0 {
		return ""
	}
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// errorChildren is what err wraps.
func errorChildren(err error, named bool) (children []error) {
	defer func() {
		if recover() != nil {
			children = nil
		}
	}()
	switch w := err.(type) {
	case interface{ Unwrap() error }:
		if child := w.Unwrap(); child != nil {
			return []error{child}
		}
	case interface{ Unwrap() []error }:
		for _, child := range w.Unwrap() {
			if child != nil {
				children = append(children, child)
			}
		}
		return children
	}
	if named {
		return nil
	}
	for _, sentinel := range implied {
		if errors.Is(err, sentinel) {
			children = append(children, sentinel)
		}
	}
	return children
}

// Error reads an error tree; null is nil.
func (d *Decoder) Error() error {
	if d.room == nil {
		d.room = newErrorRoom(d.lim)
		defer func() { d.room = nil }()
	}
	return d.errorNode()
}

func (d *Decoder) errorNode() error {
	if d.Null() {
		return nil
	}
	room := d.room
	room.nodes--
	room.depth--
	defer func() { room.depth++ }()
	if room.nodes < 0 || room.depth < -1 {
		d.Fail(errors.New("error tree is too large"))
		return nil
	}
	if !d.charge(errorBytes) {
		return nil
	}
	m := d.BeginTuple()
	defer d.EndTuple(m)
	e := &RemoteError{Text: d.Next().String()}
	name := d.Next().String()
	payload := d.Next().View()
	for n := d.Next().Array(); n > 0 && d.err == nil; n-- {
		if child := d.errorNode(); child != nil {
			e.children = append(e.children, child)
		}
	}
	found := d.knownError(name, payload)
	switch {
	case found == nil:
		return e
	case len(e.children) > 0 && len(errorChildren(found, true)) == 0:
		// What it wraps is in no field that travels.
		e.children = append([]error{found}, e.children...)
		return e
	}
	return found
}

// knownError returns the registered error called name, nil if there is none or
// its fields do not decode.
func (d *Decoder) knownError(name string, payload []byte) error {
	known.RLock()
	sentinel, t := known.sentinels[name], known.types[name]
	known.RUnlock()
	if sentinel != nil || t == nil {
		return sentinel
	}
	if Check(payload, d.lim) != nil {
		return nil
	}
	fields := d.part(payload)
	defer d.endPart(&fields)
	err := t.decode(&fields)
	switch bad := fields.err; {
	case bad == nil:
		return err
	case bad.Limit != "": // whether a peer's error has its type must not depend on the load
		d.Fail(bad)
	}
	return nil
}
