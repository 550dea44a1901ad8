// Package other is foreign to its sibling.
package other

import (
	"context"
	"fmt"
)

// ID is a number.
type ID uint32

// Struct is exported but for one field.
type Struct struct {
	Name string
	base
	*Base
	private int
}

type base struct{ Hidden int }

// Base is embedded.
type Base struct{ ID ID }

// Object has only unexported fields, and marshalers.
type Object struct{ text string }

// MarshalText returns the text.
func (o Object) MarshalText() ([]byte, error) { return []byte(o.text), nil }

// UnmarshalText sets the text.
func (o *Object) UnmarshalText(text []byte) error {
	o.text = string(text)
	return nil
}

// Money has marshalers for CBOR.
type Money struct{ cents int64 }

// MarshalCBOR writes the cents.
func (m Money) MarshalCBOR() ([]byte, error) { return []byte{byte(m.cents) & 0x0f}, nil }

// UnmarshalCBOR reads them.
func (m *Money) UnmarshalCBOR(b []byte) error {
	if len(b) != 1 {
		return fmt.Errorf("%d bytes", len(b))
	}
	m.cents = int64(b[0])
	return nil
}

// Watcher is exported here.
//
//objgen:export
type Watcher interface {
	Changed(ctx context.Context, s Struct) error
}

var _ = Struct{private: 1}
