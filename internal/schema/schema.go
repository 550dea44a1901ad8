// Package schema reads the types of parameters and results as descriptors carry
// them over the wire, and converts values between JSON and CBOR by them. With it
// a tool calls methods of interfaces that it was not built with.
//
// The text of a type is what objgen writes into proxy.Field.Type; docs/PROTOCOL.md,
// "Descriptors", has its grammar. Types come from peers: parsing is bounded in
// depth and size.
package schema

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Kind is the kind of a type.
type Kind uint8

// The kinds of types.
const (
	Bool Kind = iota
	Int       // Bits 0 to 64; 0 is the platform's int
	Uint
	Float // Bits 32 or 64
	String
	Bytes
	Time
	Duration
	BigInt
	Any
	Error
	Ref     // by reference, as interface Name; any interface if that is empty
	List    // of Elem
	Array   // Len times Elem
	Map     // Key to Elem
	Pointer // to Elem, or null
	Struct  // Fields by key
	Tuple   // Fields by position
	Opaque  // a type with a marshaler of its own; Form is text, bytes or cbor
)

// Type is a type as descriptors carry it. It is read only.
type Type struct {
	Kind   Kind
	Bits   int
	Len    int
	Name   string // import path and name, where the type has one
	Form   string
	Key    *Type
	Elem   *Type
	Fields []Field
}

// Field is a field of a struct or tuple.
type Field struct {
	Name    string // the key, or the field's name in a tuple
	Number  bool   // Name is a number that is the key
	Omitted bool   // zero values are left out
	Type    *Type
}

var plain = map[string]Type{
	"bool": {Kind: Bool}, "string": {Kind: String}, "bytes": {Kind: Bytes}, "time": {Kind: Time},
	"duration": {Kind: Duration}, "bigint": {Kind: BigInt}, "any": {Kind: Any}, "error": {Kind: Error}, "ref": {Kind: Ref},
	"int": {Kind: Int}, "int8": {Kind: Int, Bits: 8}, "int16": {Kind: Int, Bits: 16}, "int32": {Kind: Int, Bits: 32}, "int64": {Kind: Int, Bits: 64},
	"uint": {Kind: Uint}, "uint8": {Kind: Uint, Bits: 8}, "uint16": {Kind: Uint, Bits: 16}, "uint32": {Kind: Uint, Bits: 32}, "uint64": {Kind: Uint, Bits: 64},
	"float32": {Kind: Float, Bits: 32}, "float64": {Kind: Float, Bits: 64},
}

// String returns the type's text, which Parse reads back.
func (t *Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *Type) write(b *strings.Builder) {
	switch t.Kind {
	case Ref:
		b.WriteString("ref")
		if t.Name != "" {
			fmt.Fprintf(b, "(%s)", t.Name)
		}
	case List:
		b.WriteString("[]")
		t.Elem.write(b)
	case Array:
		fmt.Fprintf(b, "[%d]", t.Len)
		t.Elem.write(b)
	case Map:
		b.WriteString("map[")
		t.Key.write(b)
		b.WriteString("]")
		t.Elem.write(b)
	case Pointer:
		b.WriteString("*")
		t.Elem.write(b)
	case Struct, Tuple:
		t.writeFields(b)
	case Opaque:
		fmt.Fprintf(b, "opaque:%s(%s)", t.Form, t.Name)
	default:
		b.WriteString(t.word())
	}
}

// word returns the name of a plain type.
func (t *Type) word() string {
	name := [...]string{Bool: "bool", Int: "int", Uint: "uint", Float: "float", String: "string", Bytes: "bytes",
		Time: "time", Duration: "duration", BigInt: "bigint", Any: "any", Error: "error"}[t.Kind]
	if t.Bits > 0 {
		return fmt.Sprint(name, t.Bits)
	}
	return name
}

func (t *Type) writeFields(b *strings.Builder) {
	word := "struct"
	if t.Kind == Tuple {
		word = "tuple"
	}
	fmt.Fprintf(b, "%s(%s){", word, t.Name)
	for i, f := range t.Fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(f.key())
		b.WriteByte(':')
		f.Type.write(b)
	}
	b.WriteByte('}')
}

func (f *Field) key() string {
	key := f.Name
	switch {
	case f.Number:
		key = "#" + key
	case key == "" || strings.ContainsFunc(key, func(r rune) bool { return !isWord(r) }):
		quoted, _ := json.Marshal(key) // a string always marshals
		key = string(quoted)
	}
	if f.Omitted {
		key += "?"
	}
	return key
}

func isWord(r rune) bool {
	return r == '_' || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
