package rich

import (
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// render writes a value so that equal values have equal texts, NaN and times
// with zones included, which reflect.DeepEqual does not see as equal.
func render(v any) string {
	var b strings.Builder
	renderValue(&b, reflect.ValueOf(&v).Elem())
	return b.String()
}

func renderValue(b *strings.Builder, v reflect.Value) {
	if v.CanInterface() && renderSpecial(b, v.Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		fmt.Fprintf(b, "&%s:", v.Elem().Type())
		renderValue(b, v.Elem())
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			b.WriteString("nil")
			return
		}
		b.WriteByte('[')
		for i := range v.Len() {
			renderValue(b, v.Index(i))
			b.WriteByte(' ')
		}
		b.WriteByte(']')
	case reflect.Map:
		renderMap(b, v)
	case reflect.Struct:
		b.WriteByte('{')
		for i := range v.NumField() {
			fmt.Fprintf(b, "%s:", v.Type().Field(i).Name)
			renderValue(b, v.Field(i))
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	default:
		fmt.Fprintf(b, "%#v", v)
	}
}

func renderMap(b *strings.Builder, v reflect.Value) {
	if v.IsNil() {
		b.WriteString("nil")
		return
	}
	pairs := map[string]string{}
	for it := v.MapRange(); it.Next(); {
		var key, value strings.Builder
		renderValue(&key, it.Key())
		renderValue(&value, it.Value())
		pairs[key.String()] = value.String()
	}
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(b, "%s=>%s ", k, pairs[k])
	}
}

func renderSpecial(b *strings.Builder, v any) bool {
	switch v := v.(type) {
	case time.Time:
		b.WriteString(v.Format(time.RFC3339Nano))
	case big.Int:
		b.WriteString(v.String())
	case big.Float:
		b.WriteString(v.String())
	case netip.Addr:
		b.WriteString(v.String())
	case netip.Prefix:
		b.WriteString(v.String())
	case url.URL:
		b.WriteString(v.String())
	case string:
		fmt.Fprintf(b, "%q", v)
	default:
		return false
	}
	return true
}
