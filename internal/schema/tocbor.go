package schema

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netobj/netobj/marshal"
)

// Writer turns JSON into CBOR by types.
type Writer struct {
	// Ref writes the reference that uri, an obj:// text, stands for, to an object
	// to be passed as interface iface, "" for any.
	Ref func(e *marshal.Encoder, uri, iface string) error
}

// Write appends the value that text, JSON, has as a t. Its error names the place
// and what was expected there.
func (w *Writer) Write(e *marshal.Encoder, t *Type, text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("%.60q is not JSON: %w", text, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%.60q: more than one JSON value", text)
	}
	if err := w.value(e, t, v, ""); err != nil {
		return err
	}
	return e.Err()
}

func mismatch(path string, t *Type, v any) error {
	found, _ := json.Marshal(v)
	return fmt.Errorf("%sexpected %s, found %.60s", at(path), t.Go(), found)
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
		e.Any(natural(v))
		return nil
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

// number writes a JSON number, which must fit t.
func number(e *marshal.Encoder, t *Type, v any, path string) error {
	n, ok := v.(json.Number)
	if !ok {
		return mismatch(path, t, v)
	}
	bits := t.Bits
	if bits == 0 {
		bits = 64
	}
	switch t.Kind {
	case Int:
		i, err := strconv.ParseInt(n.String(), 10, bits)
		if err != nil {
			return mismatch(path, t, v)
		}
		e.Int(i)
	case Uint:
		u, err := strconv.ParseUint(n.String(), 10, bits)
		if err != nil {
			return mismatch(path, t, v)
		}
		e.Uint(u)
	case Float:
		f, err := strconv.ParseFloat(n.String(), bits)
		if err != nil {
			return mismatch(path, t, v)
		}
		if bits == 32 {
			e.Float32(float32(f))
		} else {
			e.Float64(f)
		}
	case BigInt:
		b, ok := new(big.Int).SetString(n.String(), 10)
		if !ok {
			return mismatch(path, t, v)
		}
		e.BigInt(b)
	}
	return nil
}

// text writes what JSON has as a string.
func text(e *marshal.Encoder, t *Type, s, path string) error {
	switch t.Kind {
	case String:
		e.String(s)
	case Error:
		e.Error(errors.New(s))
	case Bytes:
		p, err := parseBytes(s)
		if err != nil {
			return fmt.Errorf("%s%w", at(path), err)
		}
		e.Bytes(p)
	case Time:
		when, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return fmt.Errorf("%sexpected a time such as 2026-01-02T15:04:05Z, found %.60q", at(path), s)
		}
		e.Time(when)
	case Duration:
		d, err := time.ParseDuration(s)
		if err != nil {
			return fmt.Errorf("%sexpected a duration such as 1m30s, found %.60q", at(path), s)
		}
		e.Int(int64(d))
	case Opaque:
		return opaque(e, t, s, path)
	default:
		return mismatch(path, t, s)
	}
	return nil
}

func opaque(e *marshal.Encoder, t *Type, s, path string) error {
	if t.Form == "text" {
		e.String(s)
		return nil
	}
	p, err := parseBytes(s)
	if err != nil {
		return fmt.Errorf("%s%w", at(path), err)
	}
	if t.Form == "cbor" {
		e.Raw(p)
	} else {
		e.Bytes(p)
	}
	return nil
}

// parseBytes reads base64, or hex behind 0x.
func parseBytes(s string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		p, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("expected hex digits behind 0x, found %.60q", s)
		}
		return p, nil
	}
	p, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("expected bytes in base64, or in hex behind 0x, found %.60q", s)
	}
	return p, nil
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
	for key, value := range object {
		var k marshal.Encoder
		var typed any = key
		if t.Key.Kind == Int || t.Key.Kind == Uint || t.Key.Kind == Float {
			typed = json.Number(key)
		} else if t.Key.Kind == Bool {
			typed = key == "true"
		}
		here := fmt.Sprintf("%s[%q]", path, key)
		if err := w.value(&k, t.Key, typed, here); err != nil {
			return err
		}
		pairs = append(pairs, pair{k.Data(), value, here})
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
	for key := range object {
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

// natural turns a JSON value into what a parameter of type any takes.
func natural(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return math.Inf(1)
		}
		return f
	case []any:
		for i := range v {
			v[i] = natural(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = natural(v[k])
		}
	}
	return v
}
