package marshal

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// order and line are coded as generated code does it; oracle compares with
// fxamacker/cbor.
type order struct {
	ID    int64
	Note  string
	Lines []line
	Tags  map[string]int32
	When  time.Time
	Total *big.Int
	Next  *line
	Raw   []byte
	Free  any
	Addr  netip.Addr
	Link  url.URL
}

type line struct {
	_     struct{} `cbor:",toarray"`
	Name  string
	Price float64
	Count uint16
	Share float32
	OK    bool
}

func encodeLine(e *Encoder, v *line) {
	e.Array(5)
	e.String(v.Name)
	e.Float64(v.Price)
	e.Uint(uint64(v.Count))
	e.Float32(v.Share)
	e.Bool(v.OK)
}

func decodeLine(d *Decoder, v *line) {
	m := d.BeginTuple()
	v.Name = d.Next().String()
	v.Price = d.Next().Float64()
	v.Count = d.Next().Uint16()
	v.Share = d.Next().Float32()
	v.OK = d.Next().Bool()
	d.EndTuple(m)
}

func encodeOrder(e *Encoder, v *order) {
	e.Map(11)
	e.Key("ID")
	e.Int(v.ID)
	e.Key("Raw")
	e.Bytes(v.Raw)
	e.Key("Addr")
	e.Value(v.Addr)
	e.Key("Free")
	e.Any(v.Free)
	e.Key("Link")
	e.Value(&v.Link)
	e.Key("Next")
	if v.Next == nil {
		e.Nil()
	} else {
		encodeLine(e, v.Next)
	}
	e.Key("Note")
	e.String(v.Note)
	e.Key("Tags")
	EncodeMap(e, v.Tags, (*Encoder).String, func(e *Encoder, v int32) { e.Int(int64(v)) })
	e.Key("When")
	e.Time(v.When)
	e.Key("Lines")
	if v.Lines == nil {
		e.Nil()
	} else {
		e.Array(len(v.Lines))
		for i := range v.Lines {
			encodeLine(e, &v.Lines[i])
		}
	}
	e.Key("Total")
	e.BigInt(v.Total)
}

func decodeOrder(d *Decoder, v *order) {
	for range d.Map() {
		switch string(d.Key()) {
		case "ID":
			v.ID = d.Int64()
		case "Raw":
			v.Raw = d.Bytes()
		case "Addr":
			d.Value(&v.Addr)
		case "Free":
			v.Free = d.Any()
		case "Link":
			d.Value(&v.Link)
		case "Next":
			if v.Next = New[line](d); v.Next != nil {
				decodeLine(d, v.Next)
			}
		case "Note":
			v.Note = d.String()
		case "Tags":
			m, n := MakeMap[string, int32](d)
			for range n {
				k := d.String()
				m[k] = d.Int32()
			}
			v.Tags = m
		case "When":
			v.When = d.Time()
		case "Lines":
			v.Lines = MakeSlice[line](d)
			for i := range v.Lines {
				decodeLine(d, &v.Lines[i])
			}
		case "Total":
			v.Total = d.BigInt()
		default:
			d.Skip()
		}
	}
}

func randomOrder(r *rand.Rand) *order {
	v := &order{
		ID:    int64(r.Uint64()) >> r.IntN(64),
		Note:  strings.Repeat("é", r.IntN(40)),
		Total: new(big.Int).Lsh(big.NewInt(int64(r.Uint64())), uint(r.IntN(80))),
		Free:  randomAny(r, 3),
		Addr:  netip.AddrFrom4([4]byte{1, 2, 3, byte(r.Uint32())}),
		Link:  url.URL{Scheme: "https", Host: "example.com", Path: fmt.Sprint("/", r.IntN(99))},
	}
	if r.IntN(5) > 0 {
		zone := time.FixedZone("", (r.IntN(24*60)-12*60)*60)
		v.When = time.Unix(r.Int64N(1<<33), r.Int64N(1e9)).In(zone)
	}
	if r.IntN(3) > 0 {
		v.Next = randomLine(r)
		v.Raw = make([]byte, r.IntN(300))
		v.Tags = map[string]int32{}
		for range r.IntN(9) {
			v.Tags[strings.Repeat("k", r.IntN(30))+fmt.Sprint(r.IntN(9))] = int32(r.Uint32())
		}
		v.Lines = make([]line, r.IntN(4))
		for i := range v.Lines {
			v.Lines[i] = *randomLine(r)
		}
	}
	return v
}

func randomLine(r *rand.Rand) *line {
	floats := []float64{0, 1.5, math.Inf(1), math.Inf(-1), math.MaxFloat64, r.NormFloat64()}
	return &line{Name: fmt.Sprint(r.Uint64()), Price: floats[r.IntN(len(floats))], Count: uint16(r.Uint32()), Share: r.Float32(), OK: r.IntN(2) == 0}
}

func randomAny(r *rand.Rand, depth int) any {
	switch n := r.IntN(8); {
	case n == 0:
		return nil
	case n == 1:
		return r.IntN(2) == 0
	case n == 2:
		return r.Int64() - r.Int64()
	case n == 3:
		return r.NormFloat64()
	case n == 4 || depth == 0:
		return fmt.Sprint(r.Uint32())
	case n == 5:
		return []byte{byte(r.Uint32())}
	case n == 6:
		list := make([]any, r.IntN(4))
		for i := range list {
			list[i] = randomAny(r, depth-1)
		}
		return list
	}
	m := map[string]any{}
	for range r.IntN(4) {
		m[fmt.Sprint(r.IntN(200))] = randomAny(r, depth-1)
	}
	return m
}

func TestBytesAreThoseOfTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		checkOracle(t, randomOrder(r))
	}
}

// checkOracle holds the bytes of v, and what is read from them, against
// fxamacker/cbor.
func checkOracle(t *testing.T, v *order) {
	t.Helper()
	var e Encoder
	encodeOrder(&e, v)
	if err := e.Err(); err != nil {
		t.Fatal(err)
	}
	want, err := encMode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.Data(), want) {
		t.Fatalf("%+v\ngives %x\nwant  %x", v, e.Data(), want)
	}
	if err := Check(want, nil); err != nil {
		t.Fatalf("Check of the oracle's bytes: %v", err)
	}
	var d Decoder
	var got, oracle order
	d.Reset(want, nil, nil, nil)
	decodeOrder(&d, &got)
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	if err := decMode.Unmarshal(want, &oracle); err != nil {
		t.Fatal(err)
	}
	if !got.When.Equal(oracle.When) || !sameZone(got.When, oracle.When) {
		t.Fatalf("time: got %v, oracle %v", got.When, oracle.When)
	}
	got.When, oracle.When = time.Time{}, time.Time{}
	if got.Total.Cmp(oracle.Total) != 0 {
		t.Fatalf("big: got %v, oracle %v", got.Total, oracle.Total)
	}
	got.Total, oracle.Total = nil, nil
	if !reflect.DeepEqual(got, oracle) {
		t.Fatalf("got    %+v\noracle %+v", got, oracle)
	}
}

func sameZone(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y
}

func TestTupleGrowsAtTheEnd(t *testing.T) {
	var e Encoder
	e.Array(2)
	e.Int(7)
	e.String("new")
	read := func(data []byte) (a int64, b string, c []byte, err error) {
		var d Decoder
		d.Reset(data, nil, nil, nil)
		d.Tuple()
		a, b, c = d.Next().Int64(), d.Next().String(), d.Next().Bytes()
		return a, b, c, d.End()
	}
	if a, b, c, err := read(e.Data()); a != 7 || b != "new" || c != nil || err != nil {
		t.Errorf("missing element: %d %q %v, %v", a, b, c, err)
	}
	var d Decoder
	d.Reset(e.Data(), nil, nil, nil)
	d.Tuple()
	if a, err := d.Next().Int64(), d.End(); a != 7 || err != nil {
		t.Errorf("element too many: %d, %v", a, err)
	}
}

func TestInnerTuplesDoNotDisturbOuterOnes(t *testing.T) {
	old := []byte{0x82, 0x81, 0x61, 'x', 0x18, 42} // [["x"], 42]
	var d Decoder
	d.Reset(old, nil, nil, nil)
	d.Tuple()
	var l line
	decodeLine(d.Next(), &l)
	if n, err := d.Next().Int64(), d.End(); l.Name != "x" || l.Count != 0 || n != 42 || err != nil {
		t.Errorf("%+v, %d, %v", l, n, err)
	}
	d.Reset([]byte{0x80}, nil, nil, nil)
	d.Tuple()
	decodeLine(d.Next(), &l) // the whole inner tuple is missing
	if err := d.End(); err != nil || l.Name != "" {
		t.Errorf("absent inner tuple: %+v, %v", l, err)
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	bad, _ := encMode.Marshal([]any{1, map[string]any{"Items": []any{"a", map[string]any{"Price": "much"}}}})
	var d Decoder
	d.Reset(bad, nil, nil, nil)
	d.Tuple()
	d.Next().Skip()
	d.Next()
	d.Map()
	d.Key()
	d.Array()
	d.Skip()
	d.Map()
	d.Key()
	d.Float64()
	if err := d.Err(); err == nil || err.Error() != "[1].Items[1].Price: found a text string, expected a float" {
		t.Errorf("decoding: %v", err)
	}
	var e Encoder
	e.Array(2)
	e.Int(1)
	e.Map(2)
	e.Key("Name")
	e.String("x")
	e.Key("Meta")
	e.Any(make(chan int))
	if err := e.Err(); err == nil || !strings.HasPrefix(err.Error(), "[1].Meta: chan int cannot travel") {
		t.Errorf("encoding: %v", err)
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	var e Encoder
	l := line{Name: "abc", Price: 1.5, Count: 3}
	encode := func() {
		e.Reset(nil)
		encodeLine(&e, &l)
	}
	encode()
	if n := testing.AllocsPerRun(100, encode); n != 0 {
		t.Errorf("encoding allocates %v times", n)
	}
	data := bytes.Clone(e.Data())
	var d Decoder
	var got line
	decode := func() {
		if err := Check(data, nil); err != nil {
			t.Fatal(err)
		}
		d.Reset(data, nil, nil, nil)
		decodeLine(&d, &got)
	}
	if n := testing.AllocsPerRun(100, decode); n != 1 { // the name
		t.Errorf("decoding allocates %v times", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	l := line{Name: "abcdefgh", Price: 1.5, Count: 3}
	var e Encoder
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			e.Reset(nil)
			encodeLine(&e, &l)
		}
	})
	b.Run("fxamacker", func(b *testing.B) {
		for b.Loop() {
			encMode.Marshal(&l)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data, _ := encMode.Marshal(&line{Name: "abcdefgh", Price: 1.5, Count: 3})
	var got line
	b.Run("ours", func(b *testing.B) {
		var d Decoder
		for b.Loop() {
			Check(data, nil)
			d.Reset(data, nil, nil, nil)
			decodeLine(&d, &got)
		}
	})
	b.Run("fxamacker", func(b *testing.B) {
		for b.Loop() {
			decMode.Unmarshal(data, &got)
		}
	})
}
