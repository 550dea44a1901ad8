// Package rich has values of every kind that can travel, for the test that
// compares generated codecs with fxamacker/cbor. It is a test's fixture.
package rich

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Basics are the basic kinds.
type Basics struct {
	Bool    bool
	Int     int
	Int8    int8
	Int16   int16
	Int32   int32
	Int64   int64
	Uint    uint
	Uint8   uint8
	Uint16  uint16
	Uint32  uint32
	Uint64  uint64
	Float32 float32
	Float64 float64
	String  string
	Bytes   []byte
	Array   [5]byte
}

// Kinds with names of their own.
type (
	Flag   bool
	Number int16
	Word   uint32
	Ratio  float32
	Text   string
	Blob   []byte
	Octet  byte
	Octets []Octet
	Hash   [4]byte
	Row    []Number
	Table  map[Text]Row
	Link   *Number
	Fixed  [3]Text
)

// Named has fields of these.
type Named struct {
	Flag   Flag
	Number Number
	Word   Word
	Ratio  Ratio
	Text   Text
	Blob   Blob
	Octets Octets
	Four   [4]Octet
	Hash   Hash
	Row    Row
	Table  Table
	Link   Link
	Fixed  Fixed
	Month  time.Month
}

// Special are the types with an encoding of their own.
type Special struct {
	Time     time.Time
	Times    []time.Time
	PTime    *time.Time
	Duration time.Duration
	Big      big.Int
	PBig     *big.Int
	PPBig    **big.Int
	Bigs     []*big.Int
	Addr     netip.Addr
	Prefix   netip.Prefix
	URL      url.URL
	PURL     *url.URL
	IP       net.IP
	Float    *big.Float
	Any      any
	Anys     []any
	AnyMap   map[string]any
	Raw      cbor.RawMessage
}

// Lists nest in every way.
type Lists struct {
	Ints     []int
	Strings  []string
	Nested   [][]string
	Bytes    [][]byte
	Grid     [2][3]int8
	Points   []Point
	PPoints  []*Point
	PList    *[]Point
	Deep     ***int
	Maps     []map[string]int
	ByText   map[string]string
	ByInt    map[int16][]Point
	ByUint   map[uint8]*Point
	ByBool   map[bool]bool
	ByFloat  map[float64]int
	ByKey    map[Point]string
	ByArray  map[[2]byte]string
	ByAddr   map[netip.Addr]Point
	ByTime   map[time.Duration]map[string]map[string]Point
	Anon     struct{ A, B int }
	Anons    []struct{ Text string }
	Void     struct{}
	EmptyArr [0]string
}

// Point is a small struct.
type Point struct{ X, Y int32 }

// Tagged has field names of all kinds.
type Tagged struct {
	Bravo, Alpha, C int
	Renamed         string `cbor:"renamed_to_something_longer"`
	JSON            string `json:"json_name"`
	Both            string `cbor:"b" json:"json_other"`
	Dash            string `cbor:"-,"`
	Skipped         string `cbor:"-"`
	Odd             string `cbor:"a \"quote\", ünicode"`
}

// Numbered has numbers for names.
type Numbered struct {
	A int    `cbor:"1,keyasint"`
	B string `cbor:"-1,keyasint,omitempty"`
	C bool   `cbor:"500,keyasint"`
	D int    `cbor:"70000,keyasint"`
	E int    `cbor:"-300,keyasint"`
	F int    `json:"024,keyasint"` //lint:ignore SA5008 cbor reads json tags as well
}

// Mixed has numbers and text for names.
type Mixed struct {
	A int `cbor:"1,keyasint"`
	B int `cbor:"1"`
	C int
	D int `cbor:"-9,keyasint"`
}

// Tuple is encoded as an array.
type Tuple struct {
	_    struct{} `cbor:",toarray"`
	Name string
	Many []Point
	Base
	In   Inner
	Last *time.Time
}

// Inner is a tuple in a tuple.
type Inner struct {
	_ struct{} `cbor:",toarray"`
	A int
	B map[string]Inner2
}

// Inner2 is a tuple in a map.
type Inner2 struct {
	_ struct{} `cbor:",toarray"`
	Z int
}

// Inherits is a tuple because what it embeds is one.
type Inherits struct {
	Inner2
	Y string
}

// Base is embedded.
type Base struct{ ID, Shared int }

// More is embedded as a pointer.
type More struct {
	Note   string `cbor:",omitempty"`
	Shared int
	Level  int `cbor:"level"`
}

// Level competes with More for a name.
type Level struct {
	Level int
	Depth int `cbor:"level"`
}

// Embedding promotes, hides, names and drops.
type Embedding struct {
	Base
	*More
	Level
	Point `cbor:"point"`
	inner
	Number
	Note int
}

type inner struct {
	Deepest string
	Base    Base
}

// Empties leaves out what is empty.
type Empties struct {
	Bool   bool              `cbor:",omitempty"`
	Int    int8              `cbor:",omitempty"`
	Uint   Word              `cbor:",omitempty"`
	Float  float32           `cbor:",omitempty"`
	String string            `cbor:",omitempty"`
	Bytes  []byte            `cbor:",omitempty"`
	Slice  []Point           `cbor:",omitempty"`
	Map    map[string]string `cbor:",omitempty"`
	Array  [2]int            `cbor:",omitempty"`
	None   [0]int            `cbor:",omitempty"`
	Ptr    *int              `cbor:",omitempty"`
	Any    any               `cbor:",omitempty"`
	Time   time.Time         `cbor:",omitempty"`
	Big    big.Int           `cbor:",omitempty"`
	Struct Half              `cbor:",omitempty"`
	Full   Point             `cbor:",omitempty"`
	Outer  OuterHalf         `cbor:",omitempty"`
	Addr   netip.Addr        `cbor:",omitempty"`
	IP     net.IP            `cbor:",omitempty"`
	Void   struct{}          `cbor:",omitempty"`
	Tuple  Inner2            `cbor:",omitempty"`
	Octets Octets            `cbor:",omitempty"`
	Raw    cbor.RawMessage   `cbor:",omitempty"`
}

// Half can be empty.
type Half struct {
	A int    `cbor:",omitempty"`
	B []byte `cbor:",omitempty"`
}

// OuterHalf can be empty when what it embeds is.
type OuterHalf struct {
	*Half
	C Half `cbor:",omitempty"`
}

// Zeros leaves out what is zero.
type Zeros struct {
	Bool   bool           `cbor:",omitzero"`
	Int    uint64         `cbor:",omitzero"`
	Float  float64        `cbor:",omitzero"`
	String Text           `cbor:",omitzero"`
	Slice  []int          `cbor:",omitzero"`
	Array  [2]string      `cbor:",omitzero"`
	Lists  [1][]int       `cbor:",omitzero"`
	Ptr    *Half          `cbor:",omitzero"`
	Struct Point          `cbor:",omitzero"`
	Deep   Half           `cbor:",omitzero"`
	Time   time.Time      `cbor:",omitzero"`
	When   *time.Time     `cbor:",omitzero"`
	Addr   netip.Addr     `cbor:",omitzero"`
	Big    big.Int        `cbor:",omitzero"`
	PBig   *big.Int       `cbor:",omitzero"`
	Both   map[int]string `cbor:",omitempty,omitzero"`
	Tuple  Inner2         `cbor:",omitzero"`
	Own    Own            `cbor:",omitzero"`
	POwn   *Own           `cbor:",omitzero"`
	Any    any            `cbor:",omitzero"`
}

// Own decides itself when it is zero.
type Own struct{ N int }

// IsZero says that odd numbers are zero.
func (o *Own) IsZero() bool { return o.N%2 != 0 }

// List is a generic type.
type List[T any] struct {
	Name  string
	Items []T
	First *T `cbor:",omitempty"`
}

// Pair is a generic type of two.
type Pair[K comparable, V any] struct {
	Key K
	Map map[K]V
}

// Generic has instances.
type Generic struct {
	Ints   List[int]
	Points List[Point]
	Lists  List[List[*Point]]
	Pairs  []Pair[string, List[Text]]
}

// Passed is what goes by reference among values.
type Passed struct {
	One    Object
	Many   []Object
	ByName map[string]Object
	Two    [2]Object
	Ptr    *Object
	Errs   map[string]error
	Nested []map[string][]*Passed2
	Maybe  Object `cbor:",omitempty"`
}

// Passed2 is inside Passed.
type Passed2 struct{ Object Object }

// Named types and structs with references in them.
type (
	Team   []Object
	Seats  map[AsText]Object
	Pairs  [2]*Object
	Named2 struct {
		Object
		Team   Team `cbor:"1,keyasint"`
		Seats  *Seats
		Pairs  Pairs
		List   List[List[Object]]
		Tuple  Tuple2
		Opt    *Object `cbor:",omitempty"`
		Zero   Object  `cbor:",omitzero"`
		Zeros  Team    `cbor:",omitzero"`
		Embeds *Tuple2
	}
)

// Tuple2 is a tuple with references.
type Tuple2 struct {
	_ struct{} `cbor:",toarray"`
	Object
	Ptr *Object
	M   map[int][]Object
}

// ErrSentinel is a sentinel.
//
//objgen:error
var ErrSentinel = errors.New("sentinel")

// Failure is an error with fields.
//
//objgen:error
type Failure struct {
	Code  int
	Where Point
	Cause error
}

// Error returns the code in words.
func (f *Failure) Error() string { return fmt.Sprintf("failure %d", f.Code) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Object is what is passed by reference.
//
//objgen:export
type Object interface {
	Name(ctx context.Context) (string, error)
}

// Rich gives back what it gets.
//
//objgen:export
type Rich interface {
	Structs(ctx context.Context, a Basics, b *Named, c Special, d Lists, e Tagged, f Numbered, g Mixed) (Basics, *Named, Special, Lists, Tagged, Numbered, Mixed, error)
	More(ctx context.Context, a Tuple, b Inherits, c Embedding, d Empties, e []Zeros, f map[string]Generic) (Tuple, Inherits, Embedding, Empties, []Zeros, map[string]Generic, error)
	Plain(ctx context.Context, a int8, b Text, c []byte, d [2][]string, e map[string][]Point, f time.Time, g any, h *big.Int, i ...Number) (int8, Text, []byte, [2][]string, map[string][]Point, time.Time, any, *big.Int, []Number, error)
	Objects(ctx context.Context, o Object, p Passed, others ...Object) (Object, Passed, []Object, error)
	Errors(ctx context.Context, a error, b []error, c *Failure) (error, []error, *Failure, error)
	Teams(ctx context.Context, a Team, b map[Text]Named2, c *Seats, d List[Object], e struct{ Object }, f ...*Object) (Team, map[Text]Named2, *Seats, List[Object], struct{ Object }, []*Object, error)
	Owners(ctx context.Context, m *Marshalers, e Embeds, c AsCBOR, b []AsBinary, t ...AsText) (*Marshalers, Embeds, AsCBOR, []AsBinary, []AsText, error)
	None() error
}
