package schema

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/netobj/netobj/marshal"
)

// Reader turns CBOR into what encoding/json marshals, by types.
type Reader struct {
	// Ref returns the obj:// text of a reference.
	Ref func(slot marshal.Slot) string
}

// Read reads a t from d. Errors stay in d.
func (r *Reader) Read(d *marshal.Decoder, t *Type) any {
	switch t.Kind {
	case Bool:
		return d.Bool()
	case Int:
		return d.Int64()
	case Uint:
		return d.Uint64()
	case Float:
		return finite(d.Float64())
	case String:
		return d.String()
	case Bytes:
		return d.Bytes() // base64 in JSON
	case Time:
		if when := d.Time(); !when.IsZero() {
			return when.Format(time.RFC3339Nano)
		}
		return nil
	case Duration:
		return time.Duration(d.Int64()).String()
	case BigInt:
		if b := d.BigInt(); b != nil {
			return json.Number(b.String())
		}
		return nil
	case Any:
		return d.Any()
	case Error:
		if err := d.Error(); err != nil {
			return err.Error()
		}
		return nil
	case Ref:
		if slot, ok := d.Ref(); ok && r.Ref != nil {
			return r.Ref(slot)
		}
		return nil
	}
	if d.Null() {
		return nil
	}
	return r.composite(d, t)
}

// finite keeps what JSON has no number for as text.
func finite(f float64) any {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Sprint(f)
	}
	return f
}

func (r *Reader) composite(d *marshal.Decoder, t *Type) any {
	switch t.Kind {
	case Pointer:
		return r.Read(d, t.Elem)
	case Opaque:
		return r.opaque(d, t)
	case Map:
		object := map[string]any{}
		for range max(d.Map(), 0) {
			key := fmt.Sprint(r.Read(d, t.Key))
			object[key] = r.Read(d, t.Elem)
			if d.Err() != nil {
				break
			}
		}
		return object
	case Struct:
		return r.fields(d, t)
	case Tuple:
		object := map[string]any{}
		m := d.BeginTuple()
		for _, f := range t.Fields {
			object[f.Name] = r.Read(d.Next(), f.Type)
		}
		d.EndTuple(m)
		return object
	}
	if t.isBytes() {
		return d.Bytes()
	}
	items := []any{}
	for range max(d.Array(), 0) {
		items = append(items, r.Read(d, t.Elem))
		if d.Err() != nil {
			break
		}
	}
	return items
}

func (r *Reader) fields(d *marshal.Decoder, t *Type) any {
	object := map[string]any{}
	for range max(d.Map(), 0) {
		var key string
		if len(t.Fields) > 0 && t.Fields[0].Number {
			key = fmt.Sprint(d.IntKey())
		} else {
			key = string(d.Key())
		}
		known := false
		for _, f := range t.Fields {
			if f.Name == key {
				object[key] = r.Read(d, f.Type)
				known = true
				break
			}
		}
		if !known {
			d.Skip()
		}
		if d.Err() != nil {
			break
		}
	}
	return object
}

func (r *Reader) opaque(d *marshal.Decoder, t *Type) any {
	switch t.Form {
	case "text":
		return d.String()
	case "bytes":
		return d.Bytes()
	}
	return "cbor:" + base64.StdEncoding.EncodeToString(d.RawItem())
}

// Go renders the type as Go code would write it, with short package names and
// without the fields of named structs.
func (t *Type) Go() string {
	switch t.Kind {
	case Bytes:
		return "[]byte"
	case Time:
		return "time.Time"
	case Duration:
		return "time.Duration"
	case BigInt:
		return "*big.Int"
	case Ref:
		if t.Name == "" {
			return "*proxy.Ref"
		}
		return short(t.Name)
	case List:
		return "[]" + t.Elem.Go()
	case Array:
		return fmt.Sprintf("[%d]%s", t.Len, t.Elem.Go())
	case Map:
		return "map[" + t.Key.Go() + "]" + t.Elem.Go()
	case Pointer:
		return "*" + t.Elem.Go()
	case Struct, Tuple, Opaque:
		if t.Name != "" {
			return short(t.Name)
		}
		return t.structText()
	}
	return t.word()
}

func (t *Type) structText() string {
	fields := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		fields[i] = f.Name + " " + f.Type.Go()
	}
	return "struct{ " + strings.Join(fields, "; ") + " }"
}

// short cuts import paths, also those of type arguments.
func short(name string) string {
	var b strings.Builder
	word := 0
	flush := func(end int) {
		part := name[word:end]
		b.WriteString(part[strings.LastIndexByte(part, '/')+1:])
	}
	for i, r := range name {
		if strings.ContainsRune("[],* ", r) {
			flush(i)
			b.WriteRune(r)
			word = i + 1
		}
	}
	flush(len(name))
	return b.String()
}
