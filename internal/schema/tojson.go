package schema

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
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
		return printable(d.Any())
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

// printable turns what a value of type any may be into what JSON has.
func printable(v any) any {
	switch v := v.(type) {
	case float64:
		return finite(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case *big.Int:
		return json.Number(v.String())
	case big.Int:
		return json.Number(v.String())
	case []any:
		for i := range v {
			v[i] = printable(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = printable(v[k])
		}
	}
	return v
}

// finite keeps what JSON has no number for as text.
func finite(f float64) any {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Sprint(f) // one of notNumbers
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
			key := keyText(r.Read(d, t.Key))
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

// keyText is what stands for a map's key in JSON, which has text for keys alone.
func keyText(key any) string {
	if p, ok := key.([]byte); ok {
		return base64.StdEncoding.EncodeToString(p)
	}
	return fmt.Sprint(key)
}

// fields reads the fields that t has and passes over those of a newer peer.
func (r *Reader) fields(d *marshal.Decoder, t *Type) any {
	object := map[string]any{}
	for range max(d.Map(), 0) {
		if f := t.field(d.Any()); f != nil {
			object[f.Name] = r.Read(d, f.Type)
		} else {
			d.Skip()
		}
		if d.Err() != nil {
			break
		}
	}
	return object
}

// field returns the field whose key is the text or number given.
func (t *Type) field(key any) *Field {
	n, isNumber := key.(int64)
	if isNumber {
		key = strconv.FormatInt(n, 10)
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Number == isNumber && f.Name == key {
			return f
		}
	}
	return nil
}

func (r *Reader) opaque(d *marshal.Decoder, t *Type) any {
	switch t.Form {
	case "text":
		return d.String()
	case "bytes":
		return d.Bytes()
	}
	return slices.Clone(d.RawItem()) // base64 in JSON
}
