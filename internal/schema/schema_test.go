package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/marshal"
)

const order = `struct(example.com/shop.Order){ID:int64,"two words":[]string,Lines:[]tuple(example.com/shop.Line){Name:string,Price:float64},` +
	`Tags?:map[string]int32,When:time,Wait:duration,Owner:ref(example.com/shop.Owner),Sum:bigint,Hash:[4]uint8,Free:any,Addr:opaque:text(net/netip.Addr),Next:*int8}`

func TestParsePrintsWhatItRead(t *testing.T) {
	for _, text := range []string{"bool", "uint16", "[][3]map[int]*float32", "ref", "ref(a/b.C)", order,
		"struct(){}", "struct(x.L[a/b.Item]){#1:int,#-2?:bytes}", "opaque:cbor(x.Y)"} {
		parsed, err := Parse(text)
		if err != nil || parsed.String() != text {
			t.Errorf("Parse(%q) = %v, %v", text, parsed, err)
		}
	}
}

func TestParseErrorsNameThePosition(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "expected a type at position 0",
		"strin":                          "expected a type at position 0",
		"[x]int":                         "expected a length at position 1",
		"map[int":                        `expected "]" at position 7`,
		"opaque:(a.B)":                   `expected "text", "bytes" or "cbor" at position 7`,
		"struct(a.B){x:}":                "expected a type at position 14",
		"struct(a.B){#x:int}":            "expected a number at position 13",
		"int int":                        "expected end of the type at position 3",
		strings.Repeat("[]", 40) + "int": "at most 32 levels",
		strings.Repeat("x", maxText+1):   "at most 65536",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.40q) = %v, want %q", text, err, want)
		}
	}
}

// convert writes text as a typ and reads it back.
func convert(typ *Type, text string) (string, error) {
	var e marshal.Encoder
	e.Array(2) // an argument of two: what one writes must not depend on its end
	w := Writer{Ref: func(e *marshal.Encoder, uri, iface string) error { e.Ref(uri, iface); return nil }}
	if err := w.Write(&e, typ, text); err != nil {
		return "", err
	}
	e.Nil()
	if err := e.Err(); err != nil {
		return "", err
	}
	return read(typ, e.Data(), e.Slots())
}

// read reads the first element of a list, data, and prints it.
func read(typ *Type, data []byte, slots []marshal.Slot) (string, error) {
	if err := marshal.Check(data, nil); err != nil {
		return "", err
	}
	var d marshal.Decoder
	d.Reset(data, slots, nil, nil)
	d.Tuple()
	r := Reader{Ref: func(s marshal.Slot) string { return s.Object.(string) }}
	v := r.Read(d.Next(), typ)
	if err := d.End(); err != nil {
		return "", err
	}
	out, err := json.Marshal(v)
	return string(out), err
}

func parse(t *testing.T, text string) *Type {
	t.Helper()
	typ, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestJSONGoesThroughCBORAndBack(t *testing.T) {
	for _, c := range []struct{ typ, in, out string }{
		{"int8", "-128", "-128"},
		{"uint64", "18446744073709551615", "18446744073709551615"},
		{"bigint", "123456789012345678901234567890", "123456789012345678901234567890"},
		{"bytes", `"0x0102"`, `"AQI="`},
		{"any", `{"a":[1,2.5,null,true,"x"]}`, `{"a":[1,2.5,null,true,"x"]}`},
		{"any", `[18446744073709551616,-1e3,{}]`, `[18446744073709551616,-1000,{}]`},
		{"float32", `"NaN"`, `"NaN"`},
		{"float64", `"-Inf"`, `"-Inf"`},
		{"map[int]string", `{"1":"a","-2":"b"}`, `{"-2":"b","1":"a"}`},
		{"map[bool]int", `{"true":1,"false":0}`, `{"false":0,"true":1}`},
		{"map[bigint]int", `{"18446744073709551616":1}`, `{"18446744073709551616":1}`},
		{"map[[2]uint8]int", `{"0x0102":1}`, `{"AQI=":1}`},
		{"map[duration]time", `{"1m0s":"2026-01-02T03:04:05Z"}`, `{"1m0s":"2026-01-02T03:04:05Z"}`},
		{"map[float64]int", `{"+Inf":1,"1.5":2}`, `{"+Inf":1,"1.5":2}`},
		{"[]ref(a.B)", `["obj://x/1",null]`, `["obj://x/1",null]`},
		{"struct(a.B){#1:int,#2:string}", `{"2":"x","1":5}`, `{"1":5,"2":"x"}`},
		{"struct(a.B){#1:int,two:string}", `{"two":"x","1":5}`, `{"1":5,"two":"x"}`},
		{"opaque:cbor(a.B)", `"0x820102"`, `"ggEC"`},
		{"opaque:bytes(a.B)", `"AQI="`, `"AQI="`},
		{"[]tuple(a.B){X:int}", `[null,{"X":1}]`, `[null,{"X":1}]`},
		{"error", `"broken"`, `"broken"`},
		{order, `{"ID":1,"two words":["a"],"Lines":[{"Name":"x","Price":1.5}],"When":"2026-01-02T03:04:05.000000006+01:00","Wait":"1m30s",` +
			`"Owner":"obj://n/7","Sum":5,"Hash":"0x01020304","Free":null,"Addr":"10.0.0.1","Next":null}`,
			`{"Addr":"10.0.0.1","Free":null,"Hash":"AQIDBA==","ID":1,"Lines":[{"Name":"x","Price":1.5}],"Next":null,"Owner":"obj://n/7","Sum":5,` +
				`"Wait":"1m30s","When":"2026-01-02T03:04:05.000000006+01:00","two words":["a"]}`},
	} {
		if out, err := convert(parse(t, c.typ), c.in); out != c.out || err != nil {
			t.Errorf("%.30s: %s became %s, %v; want %s", c.typ, c.in, out, err, c.out)
		}
	}
}

func TestBadJSONIsToldWhatIsExpectedWhere(t *testing.T) {
	for _, c := range []struct{ typ, in, want string }{
		{"int8", "128", "expected int8, found 128"},
		{"uint", "-1", "expected uint, found -1"},
		{"int", "1.5", "expected int, found 1.5"},
		{"bool", `"yes"`, `expected bool, found "yes"`},
		{"string", "5", "expected string, found 5"},
		{"time", `"noon"`, "expected a time such as"},
		{"duration", `"soon"`, "expected a duration such as"},
		{"bytes", `"%%"`, "expected bytes in base64"},
		{"[]int", `[1,"x"]`, `[1]: expected int, found "x"`},
		{"[2]int", `[1]`, "expected [2]int, found [1]"},
		{"struct(a/b.C){X:int,Y:struct(a/b.D){Z:int}}", `{"Y":{"Z":"q"}}`, `.Y.Z: expected int, found "q"`},
		{"struct(a/b.C){X:int}", `{"W":1}`, `b.C has no field "W"; it has X`},
		{"ref(a.B)", `"elsewhere"`, `expected a.B as obj://NAME, found "elsewhere"`},
		{"ref(a.B)", "elsewhere", `expected a.B as obj://NAME, found "elsewhere"`},
		{"bigint", "1.5", "expected *big.Int, found 1.5"},
		{"float64", "1e400", "expected float64, found 1e400"},
		{"float64", `"much"`, `expected float64, found "much"`},
		{"any", `{"a":[1e400]}`, "a number in it fits no type that any can be"},
		{"map[bool]int", `{"yes":1}`, `["yes"]: expected bool, found "yes"`},
		{"map[string][]int8", `{"a":[1],"b":[1,300]}`, `["b"][1]: expected int8, found 300`},
		{"[]opaque:cbor(a/b.C)", `["0x82"]`, "[0]: expected b.C in CBOR: [0]: message ends too early"},
		{"opaque:bytes(a/b.C)", `"0x8"`, "expected hex digits behind 0x"},
		{"[2]uint8", `"0x010203"`, `expected [2]uint8, found "0x010203"`},
		{"string", "alice", `"alice" is not JSON; text needs quotes: '"alice"'`},
		{"int", "{", "is not JSON: it ends too early"},
		{"int", "", "is not JSON: it ends too early"},
		{"int", "]", "is not JSON: invalid character ']'"},
		{"int", "1 2", "more than one JSON value"},
	} {
		if _, err := convert(parse(t, c.typ), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s gives %v, want %q", c.typ, c.in, err, c.want)
		}
	}
}

// TestLimits has values that the other side would refuse: they fail here, with
// the limit's name.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ typ, in, want string }{
		{"[]int", "[" + strings.Repeat("0,", 65536) + "0]", "MaxElements is 65536"},
		{"map[int]int", manyPairs(16385), "MaxPairs is 16384"},
		{"[]ref", "[" + strings.Repeat(`"obj://a",`, 1024) + `"obj://a"]`, "MaxRefs is 1024"},
		{"any", strings.Repeat("[", 50) + strings.Repeat("]", 50), "nested too deep"},
		{"any", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "exceeded max depth"},
		{"bigint", strings.Repeat("9", 20_000), "expected *big.Int"},
	} {
		if _, err := convert(parse(t, c.typ), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.20s... gives %v, want %q", c.typ, c.in, err, c.want)
		}
	}
}

func manyPairs(n int) string {
	pairs := make([]string, n)
	for i := range pairs {
		pairs[i] = fmt.Sprintf(`"%d":0`, i)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// TestFreeValuesPrint reads what JSON has no words for out of values of type any.
func TestFreeValuesPrint(t *testing.T) {
	var e marshal.Encoder
	e.Array(1)
	e.Any([]any{math.Inf(1), []byte{1, 2}, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), map[string]any{"n": math.NaN()}})
	got, err := read(&Type{Kind: Any}, e.Data(), nil)
	if want := `["+Inf","AQI=","2026-01-02T03:04:05.000000006Z",{"n":"NaN"}]`; got != want || err != nil {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

// TestNewerPeer: fields that the descriptor does not have are passed over.
func TestNewerPeer(t *testing.T) {
	var e marshal.Encoder
	e.Array(1)
	e.Map(3)
	e.Key("X")
	e.Int(1)
	e.Key("new")
	e.Array(1)
	e.Int(2)
	e.IntKey(7)
	e.Nil()
	got, err := read(parse(t, "struct(a.B){X:int}"), e.Data(), nil)
	if want := `{"X":1}`; got != want || err != nil {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
