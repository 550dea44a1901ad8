package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/netobj/netobj/internal/wire"
)

var update = flag.Bool("update", false, "write testdata/wire anew")

// vectorsDir is where other implementations find the vectors.
const vectorsDir = "../../testdata/wire"

// vectorFile is one file of vectors.
type vectorFile struct {
	Message string   `json:"message"`
	Type    uint64   `json:"type,omitempty"`
	Vectors []vector `json:"vectors"`
}

// vector is one message. Unless it is for reading only, whoever sends Fields
// sends Hex.
type vector struct {
	Name       string          `json:"name"`
	About      string          `json:"about"`
	Hex        string          `json:"hex"`
	Diagnostic string          `json:"diagnostic,omitempty"`
	Fields     json.RawMessage `json:"fields,omitempty"`
	ReadOnly   bool            `json:"read_only,omitempty"`
	Error      string          `json:"error,omitempty"` // reserved, or malformed
}

// bytes returns the vector's bytes.
func (v *vector) bytes(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return b
}

var diagnostics, _ = cbor.DiagOptions{ByteStringEmbeddedCBOR: true}.DiagMode()
var plainDiagnostics, _ = cbor.DiagOptions{}.DiagMode()

// diagnose writes bytes in diagnostic notation, as far as they are well formed.
// Handshake frames have their magic and length before, and identities inside.
func diagnose(b []byte) string {
	mode := diagnostics
	if payload, ok := bytes.CutPrefix(b, []byte("NOBJ")); ok {
		if len(payload) < 4 {
			return ""
		}
		b, mode = payload[4:], plainDiagnostics
	}
	text, err := mode.Diagnose(b)
	if err != nil {
		return ""
	}
	return text
}

func readVectors(t testing.TB, name string) (f vectorFile) {
	t.Helper()
	readFile(t, name, &f)
	return f
}

func readValues(t testing.TB) []valueVector {
	t.Helper()
	var f struct {
		Values []valueVector `json:"values"`
	}
	readFile(t, "values", &f)
	return f.Values
}

// readFile reads a file of vectors into ptr.
func readFile(t testing.TB, name string, ptr any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorsDir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s has no vectors; go test ./internal/wire -run Vectors -update writes those of its examples", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, ptr); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// compareFile compares a file of vectors with what it should hold, or writes it.
func compareFile(t *testing.T, name string, want any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(want); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(vectorsDir, name+".json")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is not what this version sends (%v); if it should be, run the test with -update", path, err)
	}
}

// vectorOf makes the vector of an example.
func (c *codec) vectorOf(t *testing.T, x *example) vector {
	v := vector{Name: x.name, About: x.about, ReadOnly: x.m == nil}
	b, m := x.bytes, x.m
	if m != nil {
		b = c.encode(m)
	} else {
		parsed, err := c.parse(b)
		if x.fails != "" && (err == nil || !strings.Contains(err.Error(), x.fails)) {
			t.Errorf("%s: error %v does not say %q", x.name, err, x.fails)
		}
		switch {
		case errors.Is(err, wire.ErrReserved):
			v.Error = "reserved"
		case err != nil:
			v.Error = "malformed"
		default:
			m = parsed
		}
	}
	if m != nil {
		v.Fields = c.json(m)
	}
	v.Hex, v.Diagnostic = hex.EncodeToString(b), diagnose(b)
	return v
}

// TestVectorsAreWhatIsSent encodes the examples and compares with the files.
func TestVectorsAreWhatIsSent(t *testing.T) {
	for _, c := range codecs {
		f := vectorFile{Message: c.name, Vectors: []vector{}}
		for i := range c.vectors {
			f.Vectors = append(f.Vectors, c.vectorOf(t, &c.vectors[i]))
		}
		if c.version > 0 {
			kind, _ := wire.Peek(f.Vectors[0].bytes(t))
			f.Type = uint64(kind)
		}
		compareFile(t, c.name, f)
	}
	f := vectorFile{Message: "reserved", Vectors: []vector{}}
	for _, x := range reservedExamples {
		f.Vectors = append(f.Vectors, vector{Name: x.name, About: x.about, Hex: hex.EncodeToString(x.bytes), Diagnostic: diagnose(x.bytes), ReadOnly: true})
	}
	compareFile(t, "reserved", f)
}

// TestVectorsReadBack reads the files as another implementation would: bytes to
// fields, and fields to bytes.
func TestVectorsReadBack(t *testing.T) {
	for _, c := range codecs {
		for _, v := range readVectors(t, c.name).Vectors {
			t.Run(c.name+"/"+v.Name, func(t *testing.T) { c.readBack(t, &v) })
		}
	}
	for _, v := range readVectors(t, "reserved").Vectors {
		if kind, err := wire.Peek(v.bytes(t)); err != nil || kind.String() != v.Name {
			t.Errorf("%s reads as %v, error %v", v.Name, kind, err)
		}
	}
}

func (c *codec) readBack(t *testing.T, v *vector) {
	b := v.bytes(t)
	if got := diagnose(b); got != v.Diagnostic {
		t.Errorf("in diagnostic notation: %s", got)
	}
	m, err := c.parse(b)
	if v.Error != "" {
		if err == nil || errors.Is(err, wire.ErrReserved) != (v.Error == "reserved") {
			t.Errorf("error %v, want one that says %s", err, v.Error)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.message(v.Fields)
	if err != nil {
		t.Fatal(err)
	}
	if !c.same(m, want) {
		t.Errorf("bytes read as %s\nfields say %s", c.json(m), v.Fields)
	}
	if got := c.encode(want); !v.ReadOnly && !bytes.Equal(got, b) {
		t.Errorf("fields become %x", got)
	}
}

// TestEveryMessageHasVectors fails if a message type is added without them.
func TestEveryMessageHasVectors(t *testing.T) {
	kinds := map[wire.Type]bool{}
	for _, c := range codecs {
		f := readVectors(t, c.name)
		if len(f.Vectors) == 0 {
			t.Errorf("%s has no vectors", c.name)
		}
		for _, v := range f.Vectors {
			if c.version > 0 && v.Error == "" {
				kind, err := wire.Peek(v.bytes(t))
				if err != nil || uint64(kind) != f.Type || !strings.EqualFold(kind.String(), c.name) {
					t.Errorf("%s/%s is a %v", c.name, v.Name, kind)
				}
				kinds[kind] = true
			}
		}
	}
	for kind := wire.TypeCall; kind <= wire.TypePressure; kind++ {
		if !kinds[kind] {
			t.Errorf("%v has no vector", kind)
		}
	}
	for kind := wire.Type(15); kind < 24; kind++ {
		if !strings.HasPrefix(kind.String(), "message type") {
			t.Errorf("%v is new; give it a codec and examples here", kind)
		}
	}
	files, err := os.ReadDir(vectorsDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".json")
		if name != "reserved" && name != "values" && name != "lane" && name != "secrets" && name != "README.md" {
			codecNamed(t, name)
		}
	}
}
