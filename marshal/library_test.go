package marshal

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// What fxamacker/cbor does by default, row by row as the limits are written down,
// and what this package does instead. Each test shows both.

const overflowEnv = "MARSHAL_TEST_OVERFLOW"

func TestMain(m *testing.M) {
	if os.Getenv(overflowEnv) != "" {
		debug.SetMaxStack(1 << 20) // soon, not after a gigabyte
		cbor.Marshal(endless())
		return
	}
	os.Exit(m.Run())
}

// endless is a value that contains itself.
func endless() any {
	loop := map[string]any{}
	loop["self"] = []any{loop}
	return loop
}

func TestCyclicValueIsAnError(t *testing.T) {
	bare := exec.Command(os.Args[0])
	bare.Env = append(os.Environ(), overflowEnv+"=1")
	if out, err := bare.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("stack overflow")) {
		t.Errorf("the bare library survived: %v\n%.500s", err, out)
	}
	var e Encoder
	e.Any(endless())
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), "refers to itself") {
		t.Errorf("encoding a value that contains itself: %v", err)
	}
}

func TestTupleOfAnotherLength(t *testing.T) {
	for n := range 8 {
		data := AppendArray(nil, n)
		for i := range n {
			switch i {
			case 0:
				data = AppendString(data, "name")
			case 4:
				data = AppendBool(data, true)
			default:
				data = AppendUint(data, 7)
			}
		}
		var bare line
		if err := cbor.Unmarshal(data, &bare); (err == nil) != (n == 5) {
			t.Errorf("the bare library reads %d elements into 5: %v", n, err)
		}
		var d Decoder
		d.Reset(data, nil, nil, nil)
		var got line
		decodeLine(&d, &got)
		want := line{Name: "name", Price: 7, Count: 7, Share: 7, OK: true}
		for i, zero := range []func(){
			func() { want.Name = "" }, func() { want.Price = 0 }, func() { want.Count = 0 }, func() { want.Share = 0 }, func() { want.OK = false },
		} {
			if i >= n {
				zero()
			}
		}
		if err := d.End(); err != nil || got != want {
			t.Errorf("%d elements: %+v, %v", n, got, err)
		}
	}
}

func TestTimeKeepsNanosecondsAndOffset(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.FixedZone("", -(3*60+30)*60))
	data, err := cbor.Marshal(now)
	if err != nil {
		t.Fatal(err)
	}
	var bare time.Time
	if err := cbor.Unmarshal(data, &bare); err != nil || bare.Nanosecond() != 0 {
		t.Errorf("the bare library keeps nanoseconds: %v, %v", bare, err)
	}
	var e Encoder
	e.Time(now)
	var d Decoder
	d.Reset(e.Data(), nil, nil, nil)
	got := d.Time()
	if err := d.End(); err != nil || !got.Equal(now) || !sameZone(got, now) {
		t.Errorf("%v became %v, %v", now, got, err)
	}
}

// slow gives one byte at each read.
type slow struct{ data []byte }

func (s *slow) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1)], s.data)
	s.data = s.data[n:]
	return n, nil
}

// TestNoStreamDecoder: the library's stream decoder keeps the buffer of its
// largest item, and looks at an item from its start after each read. Nothing here
// decodes from a stream.
func TestNoStreamDecoder(t *testing.T) {
	large := AppendBytes(nil, make([]byte, 1<<20))
	stream := cbor.NewDecoder(io.MultiReader(bytes.NewReader(large), &slow{data: []byte{1}}))
	before := heap()
	var raw cbor.RawMessage
	var one int
	if err := stream.Decode(&raw); err != nil {
		t.Fatal(err)
	}
	raw = nil
	if err := stream.Decode(&one); err != nil || one != 1 {
		t.Fatal(one, err)
	}
	kept := heap() - before
	if stream.NumBytesRead() == 0 || kept < 1<<19 {
		t.Errorf("the bare library keeps only %d bytes after an item of %d", kept, len(large))
	}
	var e Encoder
	e.Bytes(make([]byte, 1<<20))
	e.Reset(nil)
	if cap(e.buf) > keepBytes {
		t.Errorf("an Encoder keeps %d bytes", cap(e.buf))
	}
	for _, name := range sourceFiles(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("NewDecoder")) {
			t.Errorf("%s decodes from a stream", name)
		}
	}
}

func sourceFiles(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			names = append(names, e.Name())
		}
	}
	return names
}

// BenchmarkStreamDecoder shows what the library's stream decoder costs when an
// item comes in small pieces, beside one pass over the whole item.
func BenchmarkStreamDecoder(b *testing.B) {
	item := many(4096, []byte{1})
	b.Run("stream of single bytes", func(b *testing.B) {
		for b.Loop() {
			var raw cbor.RawMessage
			if err := cbor.NewDecoder(&slow{data: item}).Decode(&raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole item", func(b *testing.B) {
		for b.Loop() {
			if err := Check(item, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestAmplification: few bytes that become much memory.
func TestAmplification(t *testing.T) {
	const n = 60_000
	type big [64]int64
	maps, nulls := many(n, []byte{0xa0}), many(n, []byte{itemNull})
	for name, bare := range map[string]struct {
		data []byte
		into any
	}{"maps into any": {maps, new(any)}, "nulls into structs": {nulls, new([]big)}} {
		before := heap()
		if err := cbor.Unmarshal(bare.data, bare.into); err != nil {
			t.Fatal(err)
		}
		if ratio := (heap() - before) / n; ratio < 40 {
			t.Errorf("%s: the bare library takes only %d bytes a byte", name, ratio)
		}
		reflect.ValueOf(bare.into).Elem().SetZero()
	}
	budget := NewBudget("DecodeBudget", 1<<20, nil)
	var d Decoder
	overdrawn := func(what string) {
		t.Helper()
		if d.err == nil || d.err.Limit != "DecodeBudget" {
			t.Errorf("%s: %v", what, d.Err())
		}
		d.Release()
		if budget.Used() != 0 {
			t.Errorf("%s: the budget still holds %d", what, budget.Used())
		}
	}
	d.Reset(nulls, nil, nil, budget)
	if s := MakeSlice[big](&d); s != nil {
		t.Errorf("%d bytes became %d elements of 512 bytes", len(nulls), len(s))
	}
	overdrawn("nulls into structs")
	d.Reset(maps, nil, nil, budget)
	if v := d.Any(); v != nil {
		t.Errorf("%d empty maps were decoded into any", n)
	}
	overdrawn("maps into any")
}

func TestStrictness(t *testing.T) {
	for _, c := range []struct {
		name, want string
		msg        []byte
	}{
		{"duplicate key", "map has a key twice", []byte{0xa2, 0x61, 'a', 1, 0x61, 'a', 2}},
		{"duplicate key in an unsorted map", "map has a key twice", []byte{0xa3, 0x61, 'b', 1, 0x61, 'a', 0x80, 0x61, 'b', 3}},
		{"duplicate key far apart", "map has a key twice", []byte{0xa4, 0x61, 'c', 1, 0x61, 'a', 1, 0x61, 'b', 3, 0x61, 'a', 1}},
		{"indefinite array", "indefinite lengths are not allowed", []byte{0x9f, 1, 2, 0xff}},
		{"indefinite map", "indefinite lengths are not allowed", []byte{0xbf, 0x61, 'a', 2, 0xff}},
		{"indefinite text", "indefinite lengths are not allowed", []byte{0x7f, 0x61, 'a', 0xff}},
		{"unknown tag", "unknown tag", []byte{0xd9, 0x01, 0x02, 1}},
	} {
		var v any
		if err := cbor.Unmarshal(c.msg, &v); err != nil {
			t.Errorf("%s: the bare library refuses %x itself: %v", c.name, c.msg, err)
		}
		if err := Check(c.msg, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Check(%x) = %v, want %q", c.name, c.msg, err, c.want)
		}
	}
	for _, good := range [][]byte{
		{0xa2, 0x61, 'b', 1, 0x61, 'a', 1},                  // not sorted
		{0xa2, 0x61, 'b', 1, 0x61, 'a', 0xa1, 0x61, 'b', 1}, // the same key in another map
		{0x82, 0xa1, 1, 1, 0xa1, 1, 1},
	} {
		if err := Check(good, nil); err != nil {
			t.Errorf("Check(%x) = %v", good, err)
		}
	}
	if err := Check([]byte{0x62, 0xff, 0xfe}, nil); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("text that is not UTF-8: %v", err)
	}
}

func TestFieldNamesAreNotFolded(t *testing.T) {
	data := []byte{0xa1, 0x64, 'N', 'O', 'T', 'E', 0x61, 'x'}
	var bare, ours struct{ Note string }
	if err := cbor.Unmarshal(data, &bare); err != nil || bare.Note != "x" {
		t.Errorf("the bare library does not fold: %+v, %v", bare, err)
	}
	if err := decMode.Unmarshal(data, &ours); err != nil || ours.Note != "" {
		t.Errorf("fxamacker/cbor as used here folds names: %+v, %v", ours, err)
	}
	var o order
	var d Decoder
	d.Reset(data, nil, nil, nil)
	if decodeOrder(&d, &o); o.Note != "" || d.End() != nil {
		t.Errorf("folded: %+v, %v", o, d.Err())
	}
}

// nested is n lists inside each other, as a value.
func nested(n int) any {
	v := any(1)
	for range n {
		v = []any{v}
	}
	return v
}

func TestDepthIsCheckedBySender(t *testing.T) {
	data, err := cbor.Marshal(nested(40))
	if err != nil {
		t.Fatalf("the bare library refuses to encode: %v", err)
	}
	var v any
	if err := cbor.Unmarshal(data, &v); err == nil {
		t.Error("the bare library decodes 40 levels")
	}
	max := DefaultLimits.MaxDepth
	for name, encode := range map[string]func(*Encoder, int){
		"any":   func(e *Encoder, depth int) { e.Any(nested(depth)) },
		"typed": func(e *Encoder, depth int) { encodeNested(e, depth); e.Int(1) },
		"typed around any": func(e *Encoder, depth int) {
			encodeNested(e, 20)
			e.Any(nested(depth - 20))
		},
		"typed around a time": func(e *Encoder, depth int) {
			encodeNested(e, depth-1)
			e.Time(time.Unix(1, 2)) // its tag is a level
		},
	} {
		for depth, ok := range map[int]bool{max: true, max + 1: false, 2 * max: false} {
			var e Encoder
			encode(&e, depth)
			err := e.Err()
			if peer := Check(e.Data(), nil); ok && (err != nil || peer != nil) || !ok && err == nil {
				t.Errorf("%s, %d levels: the sender says %v, the receiver %v", name, depth, err, peer)
			}
		}
	}
	var e Encoder
	e.Reset(&Limits{MaxDepth: 3, MaxElements: 9, MaxPairs: 9, MaxRefs: 9})
	encodeNested(&e, 4)
	e.Int(1)
	if bad := e.Err().(*Error); bad.Limit != "MaxDepth" || bad.Max != 3 || bad.Path != "[0][0][0]" {
		t.Errorf("a peer with lower limits: %v", bad)
	}
}

func encodeNested(e *Encoder, depth int) {
	for range depth {
		e.Array(1)
	}
}

type named interface{ Name() string }

type person string

func (p person) Name() string { return string(p) }

// TestInterfaceField: an interface in a field goes by reference.
func TestInterfaceField(t *testing.T) {
	type holder struct{ Who named }
	data, err := cbor.Marshal(holder{person("Alice")})
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(data, new(holder)); err == nil {
		t.Error("the bare library decodes an interface")
	}
	var e Encoder
	e.Map(1)
	e.Key("Who")
	e.Ref(person("Alice"), "test.named")
	var d Decoder
	d.Reset(e.Data(), e.Slots(), nil, nil)
	d.Map()
	d.Key()
	slot, ok := d.Ref()
	if err := d.End(); !ok || err != nil || slot.Object != person("Alice") || slot.Iface != "test.named" {
		t.Errorf("got %+v, %v, %v", slot, ok, err)
	}
}

// many returns an array of n items.
func many(n int, item []byte) []byte {
	return append(AppendArray(nil, n), bytes.Repeat(item, n)...)
}

// heap returns the bytes of live objects.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
