package wire_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
)

// unsaid are the fields that version 1 never sends.
var unsaid = map[string]string{
	"hello_ack.want_peer": "only the dialler wants somebody",
	"call.flags":          "all are reserved; the vector of one is refused",
}

// TestEveryFieldHasVectors fails if a field of a message, or of what is inside one, is
// zero in all vectors: another implementation could leave it out and not notice.
func TestEveryFieldHasVectors(t *testing.T) {
	for _, c := range codecs {
		there := map[string]bool{}
		for _, v := range readVectors(t, c.name).Vectors {
			var fields any
			if len(v.Fields) > 0 && json.Unmarshal(v.Fields, &fields) == nil {
				note(there, "", fields)
			}
		}
		nothing, err := c.message([]byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range leaves("", reflect.TypeOf(c.fields(nothing))) {
			if !there[field] && unsaid[c.name+field] == "" {
				t.Errorf("%s: no vector has a value for %s", c.name, strings.TrimPrefix(field, "."))
			}
		}
	}
}

// note notes the paths below a JSON value that lead to something else than zero.
func note(there map[string]bool, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			note(there, path+"."+name, inner)
		}
	case []any:
		for _, inner := range v {
			note(there, path, inner)
		}
	case nil, bool, float64, string:
		if v != nil && v != false && v != 0.0 && strings.Trim(toString(v), "0") != "" {
			there[path] = true
		}
	}
}

func toString(v any) string {
	text, isText := v.(string)
	if !isText {
		return "set"
	}
	return text
}

// leaves lists the paths to all fields below a type that have no fields.
func leaves(path string, t reflect.Type) (all []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{path}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			all = append(all, leaves(path, f.Type)...)
			continue
		}
		all = append(all, leaves(path+"."+name, f.Type)...)
	}
	return all
}

// TestEveryKindHasVectors fails if a number that a message may say, a status, a kind of
// reference, a code, is in no vector.
func TestEveryKindHasVectors(t *testing.T) {
	for _, list := range []struct {
		what, file, field string
		last              uint64 // of those that version 1 gives a meaning
	}{
		{"verdict", "hello_ack", ".status", uint64(wire.StatusVersion)},
		{"last word", "go", ".status", uint64(wire.GoResume)},
		{"reference in a call", "call", ".caps.kind", uint64(wire.CapThird)},
		{"reference in an answer", "return", ".caps.kind", uint64(wire.CapAnswer)},
		{"status of an answer", "return", ".status", uint64(wire.StatusFault)},
		{"code of a goodbye", "bye", ".code", wire.ByeDrained},
		{"answer to a claim", "claimresult", ".status", uint64(wire.ClaimExpired)},
	} {
		said := map[uint64]bool{}
		for _, v := range readVectors(t, list.file).Vectors {
			var fields any
			if len(v.Fields) > 0 && json.Unmarshal(v.Fields, &fields) == nil {
				numbers(said, list.field, fields)
			}
		}
		for n := range list.last + 1 {
			if !said[n] {
				t.Errorf("%s.json has no %s %d", list.file, list.what, n)
			}
		}
	}
	if code := uint64(objects.CodeNoSuchObject); !brokenFor(t, code) {
		t.Errorf("broken.json has no code %d, the answer to a statement of what is not held", code)
	}
}

// numbers notes the numbers at a path below a JSON value.
func numbers(said map[uint64]bool, path string, value any) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			numbers(said, path, inner)
		}
	case map[string]any:
		name, rest, deeper := strings.Cut(path[1:], ".")
		if deeper {
			rest = "." + rest
		}
		numbers(said, rest, v[name])
	case float64:
		said[uint64(v)] = true
	}
}

func brokenFor(t *testing.T, code uint64) bool {
	reasons := map[uint64]bool{}
	for _, v := range readVectors(t, "broken").Vectors {
		var fields any
		if err := json.Unmarshal(v.Fields, &fields); err != nil {
			t.Fatal(err)
		}
		numbers(reasons, ".entries.reason", fields)
	}
	return reasons[code]
}
