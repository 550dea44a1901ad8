package rich

import (
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// random fills values of any type that the fixture has.
type random struct {
	*rand.Rand
	// keep avoids what does not survive encoding: a pointer to nil, and the zero
	// time as any or behind a pointer, arrive as nil.
	keep bool
}

func arrivesNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	}
	t, ok := v.Interface().(time.Time)
	return ok && t.IsZero()
}

func (r random) fill(v reflect.Value, depth int) {
	if r.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(r.bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.float())
	case reflect.String:
		v.SetString(r.text())
	case reflect.Interface:
		if x := r.any(depth); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			r.fill(v.Elem(), depth)
			if r.keep && arrivesNil(v.Elem()) {
				v.SetZero()
			}
		}
	case reflect.Slice:
		if n := r.length(depth); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			r.fillAll(v, depth)
		}
	case reflect.Array:
		r.fillAll(v, depth)
	case reflect.Map:
		r.fillMap(v, depth)
	case reflect.Struct:
		r.fillStruct(v, depth)
	}
}

func (r random) fillAll(v reflect.Value, depth int) {
	for i := range v.Len() {
		r.fill(v.Index(i), depth-1)
	}
}

func (r random) fillMap(v reflect.Value, depth int) {
	n := r.length(depth)
	if n < 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		r.fill(key, depth-1)
		r.fill(value, depth-1)
		if key.Comparable() && key.Equal(key) { // no NaN
			v.SetMapIndex(key, value)
		}
	}
}

func (r random) fillStruct(v reflect.Value, depth int) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch field := v.Field(i); {
		case field.CanSet():
			r.fill(field, depth)
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			// Its exported fields are promoted, and can be set.
			r.fillStruct(field, depth)
		}
	}
}

// length is that of a list; -1 means nil.
func (r random) length(depth int) int {
	if depth <= 0 {
		return r.IntN(2) - 1
	}
	return r.IntN(5) - 1
}

// bits are numbers of all sizes, zero and the borders more often.
func (r random) bits() int64 {
	switch r.IntN(6) {
	case 0:
		return 0
	case 1:
		return []int64{23, 24, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, math.MinInt64, -1, -24, -25, -256, -257}[r.IntN(15)]
	}
	return int64(r.Uint64() >> r.IntN(64))
}

func (r random) float() float64 {
	special := []float64{0, math.Copysign(0, -1), 1, -1.5, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32, math.SmallestNonzeroFloat32}
	if r.IntN(2) == 0 {
		return special[r.IntN(len(special))]
	}
	return float64(float32(r.NormFloat64()))
}

func (r random) text() string {
	return []string{"", "a", "text", "ünï©ødé ☃", "a rather long piece of text that takes two bytes of head"}[r.IntN(5)]
}

// any is a value that may travel as any and arrives as what it was.
func (r random) any(depth int) any {
	switch r.IntN(9) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return r.bits()
	case 3:
		return r.text()
	case 4:
		return []byte(r.text())
	case 5:
		return r.NormFloat64()
	case 6:
		if t := r.time(); !t.IsZero() || !r.keep {
			return t
		}
		return nil
	case 7:
		list := []any{}
		for range r.length(depth) {
			list = append(list, r.any(depth-1))
		}
		return list
	}
	m := map[string]any{}
	for range r.length(depth) {
		m[r.text()] = r.any(depth - 1)
	}
	return m
}

func (r random) time() time.Time {
	if r.IntN(4) == 0 {
		return time.Time{}
	}
	zone := time.FixedZone("", (r.IntN(24*60)-12*60)*60)
	return time.Unix(r.Int64N(1<<33), r.Int64N(1e9)).In([]*time.Location{time.UTC, zone}[r.IntN(2)])
}

func (r random) bigInt() *big.Int {
	n := big.NewInt(r.bits())
	for range r.IntN(3) {
		n.Mul(n, big.NewInt(r.bits()))
	}
	return n
}

func (r random) addr() netip.Addr {
	switch r.IntN(3) {
	case 0:
		return netip.Addr{}
	case 1:
		return netip.AddrFrom4([4]byte{127, 0, 0, byte(r.IntN(256))})
	}
	return netip.MustParseAddr("2001:db8::1%eth0")
}

// special fills the types whose fields cannot be filled one by one.
func (r random) special(v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = r.time()
	case *big.Int:
		p.Set(r.bigInt())
	case *big.Float:
		p.SetPrec(53).SetFloat64(r.NormFloat64())
	case *netip.Addr:
		*p = r.addr()
	case *netip.Prefix:
		if a := r.addr(); a.IsValid() {
			*p = netip.PrefixFrom(a.WithZone(""), 8)
		}
	case *url.URL:
		u, err := url.Parse([]string{"", "https://example.com/a?b=c#d", "tcp://127.0.0.1:7000"}[r.IntN(3)])
		if err != nil {
			panic(err)
		}
		*p = *u
	case *net.IP:
		*p = []net.IP{nil, net.IPv4(10, 0, 0, 1), net.ParseIP("2001:db8::7")}[r.IntN(3)]
	case *cbor.RawMessage:
		*p = []cbor.RawMessage{{0x01}, {0x82, 0x01, 0x02}}[r.IntN(2)]
	default:
		return false
	}
	return true
}

// Short names for signatures.
type (
	timeT  = time.Time
	bigInt = big.Int
)
