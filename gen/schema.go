package gen

import (
	"encoding/json"
	"fmt"
	"go/types"
	"strconv"
	"strings"
)

// schema renders the type of s in the text that descriptors carry over the wire,
// see docs/PROTOCOL.md.
func (s *shape) schema() string {
	switch s.kind {
	case kindInt, kindUint:
		if t := s.typ.String(); t == "time.Duration" {
			return "duration"
		}
		name := "int"
		if s.kind == kindUint {
			name = "uint"
		}
		if s.bits > 0 {
			name += strconv.Itoa(s.bits)
		}
		return name
	case kindByteArray:
		return fmt.Sprintf("[%d]uint8", s.len)
	case kindRef:
		return "ref(" + s.name.Pkg().Path() + "." + s.name.Name() + ")"
	case kindSlice:
		return "[]" + s.elem.schema()
	case kindArray:
		return fmt.Sprintf("[%d]%s", s.len, s.elem.schema())
	case kindMap:
		return "map[" + s.key.schema() + "]" + s.elem.schema()
	case kindPointer:
		return "*" + s.elem.schema()
	case kindStruct, kindTuple:
		return s.structSchema()
	case kindOpaque:
		return "opaque:" + s.form + "(" + schemaName(s) + ")"
	}
	return plainSchema[s.kind]
}

var plainSchema = map[kind]string{
	kindBool: "bool", kindFloat32: "float32", kindFloat64: "float64", kindString: "string", kindBytes: "bytes",
	kindTime: "time", kindBigInt: "bigint", kindAny: "any", kindError: "error", kindHandle: "ref",
}

func (s *shape) structSchema() string {
	word := "struct("
	if s.kind == kindTuple {
		word = "tuple("
	}
	var fields []string
	for _, f := range s.fields {
		key := schemaKey(f.name)
		switch {
		case s.kind == kindTuple:
			key = f.last().Name()
		case f.isNumber:
			key = "#" + f.name
		}
		if s.kind == kindStruct && (f.omitEmpty || f.omitZero) {
			key += "?"
		}
		fields = append(fields, key+":"+f.shape.schema())
	}
	return word + schemaName(s) + "){" + strings.Join(fields, ",") + "}"
}

// schemaName is the type's import path and name, with type arguments; "" for a
// type without a name.
func schemaName(s *shape) string {
	if named, ok := types.Unalias(s.typ).(*types.Named); ok {
		return named.String()
	}
	return ""
}

// schemaKey quotes a key that is more than letters, digits, '_', '.' and '-'.
func schemaKey(key string) string {
	for _, c := range key {
		if !strings.ContainsRune("_.-", c) && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return quoted(key)
		}
	}
	if key == "" {
		return quoted(key)
	}
	return key
}

func quoted(key string) string {
	text, err := json.Marshal(key)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(text)
}
