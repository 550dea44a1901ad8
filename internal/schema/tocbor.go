package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/netobj/netobj/marshal"
)

// Writer turns JSON into CBOR by types.
type Writer struct {
	// Ref writes the reference that uri, an obj:// text, stands for, to an object
	// to be passed as interface iface, "" for any.
	Ref func(e *marshal.Encoder, uri, iface string) error
}

// Write appends the value that text, JSON, has as a t. Its error names the place
// and what was expected there. What breaks a limit is an error of e, which the
// caller asks for when the message is complete.
func (w *Writer) Write(e *marshal.Encoder, t *Type, text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if t.Kind == Ref {
			return mismatch("", t, text)
		}
		return notJSON(text, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%.60q: more than one JSON value", text)
	}
	return w.value(e, t, v, "")
}

func notJSON(text string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%.60q is not JSON: it ends too early", text)
	}
	if c := text[0]; c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return fmt.Errorf("%.60q is not JSON; text needs quotes: '%.60q'", text, text)
	}
	return fmt.Errorf("%.60q is not JSON: %w", text, err)
}

func mismatch(path string, t *Type, v any) error {
	found, _ := json.Marshal(v) // what came from JSON can go back
	want := t.Go()
	if t.Kind == Ref {
		want += " as obj://NAME"
	}
	return fmt.Errorf("%sexpected %s, found %.60s", at(path), want, found)
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

func (w *Writer) value(e *marshal.Encoder, t *Type, v any, path string) error {
	if v == nil {
		e.Nil() // the zero value of anything
		return nil
	}
	switch t.Kind {
	case Int, Uint, Float, BigInt:
		return number(e, t, v, path)
	case Ref:
		return w.ref(e, t, v, path)
	case List, Array:
		return w.list(e, t, v, path)
	case Map:
		return w.mapping(e, t, v, path)
	case Pointer:
		return w.value(e, t.Elem, v, path)
	case Struct, Tuple:
		return w.fields(e, t, v, path)
	case Any:
		return free(e, t, v, path)
	case Bool:
		if b, ok := v.(bool); ok {
			e.Bool(b)
			return nil
		}
	default:
		if s, ok := v.(string); ok {
			return text(e, t, s, path)
		}
	}
	return mismatch(path, t, v)
}

func (w *Writer) ref(e *marshal.Encoder, t *Type, v any, path string) error {
	uri, ok := v.(string)
	if !ok || !strings.HasPrefix(uri, "obj://") || w.Ref == nil {
		return mismatch(path, t, v)
	}
	if err := w.Ref(e, uri, t.Name); err != nil {
		return fmt.Errorf("%s%w", at(path), err)
	}
	return nil
}

func (w *Writer) list(e *marshal.Encoder, t *Type, v any, path string) error {
	if s, ok := v.(string); ok && t.isBytes() {
		p, err := parseBytes(s)
		if err != nil || len(p) != t.Len {
			return mismatch(path, t, v)
		}
		e.Bytes(p)
		return nil
	}
	items, ok := v.([]any)
	if !ok || t.Kind == Array && len(items) != t.Len {
		return mismatch(path, t, v)
	}
	e.Array(len(items))
	for i, item := range items {
		if err := w.value(e, t.Elem, item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

// isBytes reports whether t is an array of bytes, which travels as a byte string.
func (t *Type) isBytes() bool { return t.Kind == Array && t.Elem.Kind == Uint && t.Elem.Bits == 8 }

func (w *Writer) mapping(e *marshal.Encoder, t *Type, v any, path string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return mismatch(path, t, v)
	}
	type pair struct {
		key   []byte
		value any
		path  string
	}
	var pairs []pair
	for _, key := range slices.Sorted(maps.Keys(object)) {
		var k marshal.Encoder
		here := fmt.Sprintf("%s[%q]", path, key)
		if err := w.value(&k, t.Key, t.Key.fromKey(key), here); err != nil {
			return err
		}
		pairs = append(pairs, pair{k.Data(), object[key], here})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
	e.Map(len(pairs))
	for _, p := range pairs {
		e.Raw(p.key)
		if err := w.value(e, t.Elem, p.value, p.path); err != nil {
			return err
		}
	}
	return nil
}

// fromKey returns the JSON value of type t that a map's key stands for: JSON has
// text for keys alone.
func (t *Type) fromKey(key string) any {
	switch t.Kind {
	case Int, Uint, Float, BigInt:
		if !slices.Contains(notNumbers, key) {
			return json.Number(key)
		}
	case Bool:
		if b, err := strconv.ParseBool(key); err == nil {
			return b
		}
	}
	return key
}

// fields writes a struct from a JSON object; absent fields keep their zero value.
func (w *Writer) fields(e *marshal.Encoder, t *Type, v any, path string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return mismatch(path, t, v)
	}
	if err := t.knows(object, path); err != nil {
		return err
	}
	if t.Kind == Tuple {
		e.Array(len(t.Fields))
	} else {
		e.Map(len(object))
	}
	for _, f := range t.Fields {
		value, given := object[f.Name]
		switch {
		case t.Kind == Tuple:
		case !given:
			continue
		case f.Number:
			n, _ := strconv.ParseInt(f.Name, 10, 64) // Parse has checked it
			e.IntKey(n)
		default:
			e.Key(f.Name)
		}
		if err := w.value(e, f.Type, value, path+"."+f.Name); err != nil {
			return err
		}
	}
	return nil
}

// knows refuses keys that the struct does not have.
func (t *Type) knows(object map[string]any, path string) error {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Name == key }) {
			names := make([]string, len(t.Fields))
			for i, f := range t.Fields {
				names[i] = f.Name
			}
			return fmt.Errorf("%s%s has no field %q; it has %s", at(path), t.Go(), key, strings.Join(names, ", "))
		}
	}
	return nil
}
