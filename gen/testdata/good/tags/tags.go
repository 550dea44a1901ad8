// Package tags has struct fields of all kinds.
package tags

import (
	"context"
	"net/netip"
	"time"
)

// Plain is sorted by length, then by letters.
type Plain struct {
	Bravo, Alpha int
	Z            bool
	LongName     string
	Skipped      string `cbor:"-"`
	Dash         string `cbor:"-,"`
	Json         string `json:"json_name,omitempty"`
	Both         string `cbor:"cbor_name" json:"other_name"`
	Quoted       string `cbor:"a \"quote\" and ünicode"`
	private      int
}

// Numbered has numbers for keys.
type Numbered struct {
	A int    `cbor:"1,keyasint"`
	B string `cbor:"-1,keyasint,omitempty"`
	C bool   `cbor:"500,keyasint"`
}

// Mixed has numbers and text.
type Mixed struct {
	A int `cbor:"1,keyasint"`
	B int `cbor:"1"`
	C int
}

// Tuple is an array.
type Tuple struct {
	_    struct{} `cbor:",toarray"`
	Name string
	Many []Plain
	Base
	*More
	Last time.Time
}

// Base is embedded.
type Base struct{ ID, Shared int }

// More is embedded as a pointer.
type More struct {
	Note   string `cbor:",omitempty"`
	Shared int
}

// Embedding promotes, hides and names.
type Embedding struct {
	Base
	*More
	Named  Base
	Tagged `cbor:"tagged"`
	inner
	Note int
}

// Tagged is embedded under a name.
type Tagged struct{ T int }

type inner struct {
	Deep int
	*deeper
}

type deeper struct{ Deepest string }

// Empties leaves out what is empty.
type Empties struct {
	Bool   bool              `cbor:",omitempty"`
	Int    int8              `cbor:",omitempty"`
	Float  float32           `cbor:",omitempty"`
	String string            `cbor:",omitempty"`
	Bytes  []byte            `cbor:",omitempty"`
	Slice  []Plain           `cbor:",omitempty"`
	Map    map[string]string `cbor:",omitempty"`
	Array  [2]int            `cbor:",omitempty"`
	None   [0]int            `cbor:",omitempty"`
	Ptr    *int              `cbor:",omitempty"`
	Any    any               `cbor:",omitempty"`
	Err    error             `cbor:",omitempty"`
	Ref    Store             `cbor:",omitempty"`
	Time   time.Time         `cbor:",omitempty"`
	Struct Half              `cbor:",omitempty"`
	Plain  Plain             `cbor:",omitempty"`
	Addr   netip.Addr        `cbor:",omitempty"`
	Void   struct{}          `cbor:",omitempty"`
}

// Half can be empty.
type Half struct {
	A int    `cbor:",omitempty"`
	B []byte `cbor:",omitempty"`
}

// Zeros leaves out what is zero.
type Zeros struct {
	Bool   bool           `cbor:",omitzero"`
	Int    uint64         `cbor:",omitzero"`
	Float  float64        `cbor:",omitzero"`
	Slice  []int          `cbor:",omitzero"`
	Array  [2]string      `cbor:",omitzero"`
	Ptr    *Half          `cbor:",omitzero"`
	Struct Tagged         `cbor:",omitzero"`
	Deep   Half           `cbor:",omitzero"`
	Time   time.Time      `cbor:",omitzero"`
	When   *time.Time     `cbor:",omitzero"`
	Addr   netip.Addr     `cbor:",omitzero"`
	Both   map[int]string `cbor:",omitempty,omitzero"`
	Tuple  Tuple          `cbor:",omitzero"`
}

// Store takes them all.
//
//objgen:export
type Store interface {
	Put(ctx context.Context, p Plain, n Numbered, m Mixed, t Tuple, e Embedding) error
	Leave(ctx context.Context, e Empties, z Zeros) error
}

var _ = Plain{private: 1}
