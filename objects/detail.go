package objects

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// This file says where in a method's arguments or results something went wrong,
// in the words of the method's declaration.

// argumentError names the parameter that err is about.
func argumentError(m *proxy.Method, err error) error { return located("argument", m.Params, err) }

// resultError names the result that err is about.
func resultError(m *proxy.Method, err error) error { return located("result", m.Results, err) }

// located replaces the leading index of a codec error's path, [2].Items[3], by
// what stands there in the declaration: argument 3 (order pkg.Order).Items[3].
func located(what string, fields []proxy.Field, err error) error {
	bad, ok := errors.AsType[*marshal.Error](err)
	if !ok {
		return err
	}
	index, rest, ok := leadingIndex(bad.Path)
	if !ok || index >= len(fields) {
		return err
	}
	return &valueError{where: place(what, index, fields[index]) + rest, err: bad}
}

// valueAt says that err, of a value by itself, is about field number i.
func valueAt(what string, i int, fields []proxy.Field, err error) error {
	bad, ok := errors.AsType[*marshal.Error](err)
	if !ok || i >= len(fields) {
		return err
	}
	return &valueError{where: place(what, i, fields[i]) + bad.Path, err: bad}
}

// valueError is a codec error with its place in words.
type valueError struct {
	where string
	err   *marshal.Error
}

func (e *valueError) Error() string { return e.where + ": " + e.err.Detail() }
func (e *valueError) Unwrap() error { return e.err }

// leadingIndex splits "[2].Items" into 2 and ".Items".
func leadingIndex(path string) (index int, rest string, ok bool) {
	number, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	if !ok || !strings.HasPrefix(path, "[") {
		return 0, "", false
	}
	index, err := strconv.Atoi(number)
	return index, rest, err == nil && index >= 0
}

// place names field number i: "argument 2 (body bytes)".
func place(what string, i int, f proxy.Field) string {
	return fmt.Sprintf("%s %d (%s)", what, i+1, strings.TrimSpace(f.Name+" "+f.Type))
}

// sizeError says which of the arguments makes a message too large.
func sizeError(m *proxy.Method, tuple []byte, max int) error {
	return tooLarge("argument", m.Params, tuple, max)
}

func resultSizeError(m *proxy.Method, tuple []byte, max int) error {
	return tooLarge("result", m.Results, tuple, max)
}

func tooLarge(what string, fields []proxy.Field, tuple []byte, max int) error {
	total := fmt.Errorf("%ss take %d bytes, Limits.MessageSize is %d", what, len(tuple), max)
	index, size := marshal.LargestElement(tuple)
	if index < 0 || index >= len(fields) {
		return total
	}
	return fmt.Errorf("%w; %s alone takes %d", total, place(what, index, fields[index]), size)
}
