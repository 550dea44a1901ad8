package schema

import (
	"encoding/json"
	"strings"
	"testing"

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

// convert writes text as a t and reads it back.
func convert(t *testing.T, typ, text string) (string, error) {
	t.Helper()
	parsed, err := Parse(typ)
	if err != nil {
		t.Fatal(err)
	}
	var e marshal.Encoder
	w := Writer{Ref: func(e *marshal.Encoder, uri, iface string) error { e.Ref(uri, iface); return nil }}
	if err := w.Write(&e, parsed, text); err != nil {
		return "", err
	}
	if err := marshal.Check(e.Data(), nil); err != nil {
		t.Fatal(err)
	}
	var d marshal.Decoder
	d.Reset(e.Data(), e.Slots(), nil, nil)
	r := Reader{Ref: func(s marshal.Slot) string { return s.Object.(string) }}
	v := r.Read(&d, parsed)
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	return string(out), err
}

func TestJSONGoesThroughCBORAndBack(t *testing.T) {
	for _, c := range []struct{ typ, in, out string }{
		{"int8", "-128", "-128"},
		{"uint64", "18446744073709551615", "18446744073709551615"},
		{"bigint", "123456789012345678901234567890", "123456789012345678901234567890"},
		{"bytes", `"0x0102"`, `"AQI="`},
		{"any", `{"a":[1,2.5,null,true,"x"]}`, `{"a":[1,2.5,null,true,"x"]}`},
		{"map[int]string", `{"1":"a","-2":"b"}`, `{"-2":"b","1":"a"}`},
		{"[]ref(a.B)", `["obj://x/1",null]`, `["obj://x/1",null]`},
		{"struct(a.B){#1:int,#2:string}", `{"2":"x","1":5}`, `{"1":5,"2":"x"}`},
		{"error", `"broken"`, `"broken"`},
		{order, `{"ID":1,"two words":["a"],"Lines":[{"Name":"x","Price":1.5}],"When":"2026-01-02T03:04:05.000000006+01:00","Wait":"1m30s",` +
			`"Owner":"obj://n/7","Sum":5,"Hash":"0x01020304","Free":null,"Addr":"10.0.0.1","Next":null}`,
			`{"Addr":"10.0.0.1","Free":null,"Hash":"AQIDBA==","ID":1,"Lines":[{"Name":"x","Price":1.5}],"Next":null,"Owner":"obj://n/7","Sum":5,` +
				`"Wait":"1m30s","When":"2026-01-02T03:04:05.000000006+01:00","two words":["a"]}`},
	} {
		if out, err := convert(t, c.typ, c.in); out != c.out || err != nil {
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
		{"ref(a.B)", `"elsewhere"`, "expected a.B"},
		{"int", "{", "is not JSON"},
		{"int", "1 2", "more than one JSON value"},
	} {
		if _, err := convert(t, c.typ, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s gives %v, want %q", c.typ, c.in, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(order)
	f.Add("map[[]int]struct(x){#1?:*any}")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(parsed.String())
		if err != nil || again.String() != parsed.String() {
			t.Fatalf("%q prints as %q, which gives %v, %v", text, parsed, again, err)
		}
	})
}
