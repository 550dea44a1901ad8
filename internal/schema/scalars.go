package schema

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netobj/netobj/marshal"
)

// This file writes the values that JSON has as a number, a text, or anything.

// number writes a JSON number, which must fit t. Floats that JSON has no number
// for are written as text: "NaN", "+Inf", "-Inf".
func number(e *marshal.Encoder, t *Type, v any, path string) error {
	n, ok := v.(json.Number)
	if word, isText := v.(string); isText && t.Kind == Float && slices.Contains(notNumbers, word) {
		n, ok = json.Number(word), true
	}
	if !ok || putNumber(e, t, n.String()) != nil {
		return mismatch(path, t, v)
	}
	return nil
}

var notNumbers = []string{"NaN", "+Inf", "-Inf"}

func putNumber(e *marshal.Encoder, t *Type, n string) error {
	bits := cmp.Or(t.Bits, 64)
	switch t.Kind {
	case Int:
		i, err := strconv.ParseInt(n, 10, bits)
		e.Int(i)
		return err
	case Uint:
		u, err := strconv.ParseUint(n, 10, bits)
		e.Uint(u)
		return err
	case Float:
		f, err := strconv.ParseFloat(n, bits)
		if bits == 32 {
			e.Float32(float32(f))
		} else {
			e.Float64(f)
		}
		return err
	}
	b, ok := bigInt(n)
	if !ok {
		return strconv.ErrSyntax
	}
	e.BigInt(b)
	return nil
}

// maxDigits bounds the numbers that become a big.Int: reading one takes time
// that grows faster than its length.
const maxDigits = 10_000

func bigInt(n string) (*big.Int, bool) {
	if len(n) > maxDigits {
		return nil, false
	}
	return new(big.Int).SetString(n, 10)
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
	if t.Form != "cbor" {
		e.Bytes(p)
		return nil
	}
	if err := marshal.Check(p, nil); err != nil {
		return fmt.Errorf("%sexpected %s in CBOR: %w", at(path), t.Go(), err)
	}
	e.Raw(p)
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

// free writes a JSON value as type any takes it.
func free(e *marshal.Encoder, t *Type, v any, path string) error {
	v, ok := natural(v)
	if !ok {
		return fmt.Errorf("%sa number in it fits no type that %s can be", at(path), t.Go())
	}
	e.Any(v)
	return nil
}

// natural turns a JSON value into what a parameter of type any takes; ok is
// false if a number in it is too large.
func natural(v any) (_ any, ok bool) {
	ok = true
	switch v := v.(type) {
	case json.Number:
		return naturalNumber(v)
	case []any:
		for i := 0; ok && i < len(v); i++ {
			v[i], ok = natural(v[i])
		}
	case map[string]any:
		for k := range v {
			if v[k], ok = natural(v[k]); !ok {
				break
			}
		}
	}
	return v, ok
}

func naturalNumber(n json.Number) (any, bool) {
	if n == "-0" { // which no integer is, and as what a float is printed
		return math.Copysign(0, -1), true
	}
	if i, err := n.Int64(); err == nil {
		return i, true
	}
	if b, ok := bigInt(n.String()); ok {
		return b, true
	}
	f, err := n.Float64()
	return f, err == nil
}
