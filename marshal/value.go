package marshal

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// The modes of fxamacker/cbor that define the canonical form. Generated codecs
// give the same bytes; values of type any, and types with marshalers of their
// own, go through them.
var (
	encMode = must(cbor.EncOptions{
		Sort:            cbor.SortBytewiseLexical,
		Time:            cbor.TimeRFC3339Nano,
		TimeTag:         cbor.EncTagRequired,
		IndefLength:     cbor.IndefLengthForbidden,
		TextMarshaler:   cbor.TextMarshalerTextString,
		BinaryMarshaler: cbor.BinaryMarshalerByteString,
	}.EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		IntDec:            cbor.IntDecConvertSignedOrBigInt,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
		MaxNestedLevels:   2 * maxFrames,
		MaxArrayElements:  1<<31 - 1,
		MaxMapPairs:       1<<31 - 1,
		TextUnmarshaler:   cbor.TextUnmarshalerTextString,
		BinaryUnmarshaler: cbor.BinaryUnmarshalerByteString,
	}.DecMode())
)

func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// Value writes v, whose type has a CBOR, binary or text marshaler, by way of
// fxamacker/cbor. What the marshaler gives is checked like a message.
func (e *Encoder) Value(v any) {
	if e.err != nil {
		return
	}
	item, err := marshalValue(v)
	if err != nil {
		e.Fail(err)
		return
	}
	e.Raw(item)
}

func marshalValue(v any) (item []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("marshaler of %T panicked: %v", v, p)
		}
	}()
	return encMode.Marshal(v)
}

// Value reads the next item into ptr, a pointer to a type with a CBOR, binary or
// text unmarshaler.
func (d *Decoder) Value(ptr any) {
	item, ok := d.item()
	if !ok {
		return
	}
	if err := unmarshalValue(item, ptr); err != nil {
		d.failAt(d.off-len(item), err)
	}
}

func unmarshalValue(item []byte, ptr any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unmarshaler of %T panicked: %v", ptr, p)
		}
	}()
	return decMode.Unmarshal(item, ptr)
}

// item returns the bytes of the next item and passes over it; ok is false for
// null. What fxamacker/cbor may make of it is taken from the budget.
func (d *Decoder) item() (item []byte, ok bool) {
	if d.Null() {
		return nil, false
	}
	start := d.off
	c := checker{data: d.data, lim: d.lim.orDefault(), left: maxFrames}
	end := c.item(start)
	if c.bad != nil {
		d.failAt(c.bad.Offset, c.bad)
		return nil, false
	}
	d.off = end
	item = d.data[start:end]
	return item, d.charge(anyBytes(item))
}

// anyBytes is the most memory that item, which has been checked, takes as a value
// of type any.
func anyBytes(item []byte) (bytes int64) {
	for off := 0; off < len(item); {
		h, _ := readHead(item, off)
		off += h.size + int(h.body())
		switch h.major {
		case majorMap:
			bytes += mapBytes(int(h.arg), anyPairBytes)
		case majorTag:
			if h.arg == tagTime {
				bytes += zoneBytes
			} else {
				bytes += bigIntBytes
			}
		}
		bytes += anyItemBytes
	}
	return bytes + int64(len(item))
}

// Any writes v, which may be nil, a bool, a number, text, []byte, time.Time,
// *big.Int, and lists and maps with text keys of these; named types too.
func (e *Encoder) Any(v any) {
	if err := checkAny(reflect.ValueOf(v), e.lim.orDefault().MaxDepth); err != nil {
		e.Fail(err)
		return
	}
	e.Value(v)
}

// Any reads a value of any kind: nil, bool, int64 (*big.Int where that is too
// small), float64, string, []byte, time.Time, []any or map[string]any.
func (d *Decoder) Any() any {
	item, ok := d.item()
	if !ok {
		return nil
	}
	var v any
	if err := unmarshalValue(item, &v); err != nil {
		d.failAt(d.off-len(item), err)
		return nil
	}
	return v
}

var (
	typeTime   = reflect.TypeFor[time.Time]()
	typeBigInt = reflect.TypeFor[big.Int]()
)

var errTooDeep = errors.New("nested too deep for a value of type any, or refers to itself")

// checkAny reports whether v may travel as a value of type any. Its depth bound
// also ends it, and the marshaling after it, on values that contain themselves.
func checkAny(v reflect.Value, depth int) error {
	if depth < 0 {
		return errTooDeep
	}
	switch v.Kind() {
	case reflect.Invalid, reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Interface:
		return checkAny(v.Elem(), depth)
	case reflect.Pointer:
		if v.Type().Elem() == typeBigInt {
			return nil
		}
	case reflect.Struct:
		if v.Type() == typeTime || v.Type() == typeBigInt {
			return nil
		}
	case reflect.Slice, reflect.Array:
		return checkList(v, depth)
	case reflect.Map:
		return checkMap(v, depth)
	}
	return fmt.Errorf("%v cannot travel as a value of type any; use a parameter of that type, or numbers, text, lists and maps", v.Type())
}

func checkList(v reflect.Value, depth int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return nil
	}
	for i := range v.Len() {
		if err := checkAny(v.Index(i), depth-1); err != nil {
			return err
		}
	}
	return nil
}

func checkMap(v reflect.Value, depth int) error {
	if v.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("%v cannot travel as a value of type any: only text keys can", v.Type())
	}
	for pair := v.MapRange(); pair.Next(); {
		if err := checkAny(pair.Value(), depth-1); err != nil {
			return err
		}
	}
	return nil
}
