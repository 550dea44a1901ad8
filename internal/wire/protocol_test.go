package wire_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

func readProtocol(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	hexBlock   = regexp.MustCompile("(?s)```hex\n(.*?)```")
	remark     = regexp.MustCompile(`;.*`)
	space      = regexp.MustCompile(`\s+`)
	inlineHex  = regexp.MustCompile("`([0-9a-f]{2,}(?: [0-9a-f]{2,})*)`")
	sectionRef = regexp.MustCompile(`\]\(#([a-z0-9-]+)\)`)
	heading    = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// allVectors returns the bytes of all vectors in hexadecimal, by file.
func allVectors(t *testing.T) map[string]string {
	t.Helper()
	files, err := os.ReadDir(vectorsDir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		name, isJSON := strings.CutSuffix(file.Name(), ".json")
		if !isJSON {
			continue
		}
		var f struct{ Vectors, Values []struct{ Hex string } }
		readFile(t, name, &f)
		for _, v := range append(f.Vectors, f.Values...) {
			all[v.Hex] = name
			if name == "lane" && len(v.Hex) > 24 {
				for _, part := range []string{v.Hex[:24], v.Hex[24:]} {
					all[part] = name
				}
			}
		}
	}
	return all
}

// TestProtocolExamplesAreVectors finds every example of the document among the
// vectors, and an example of every message in the document.
func TestProtocolExamplesAreVectors(t *testing.T) {
	doc, vectors := readProtocol(t), allVectors(t)
	shown := map[string]bool{}
	for _, block := range hexBlock.FindAllStringSubmatch(doc, -1) {
		bytes := space.ReplaceAllString(remark.ReplaceAllString(block[1], ""), "")
		if vectors[bytes] == "" {
			t.Errorf("no vector has these bytes:\n%s%s", block[1], bytes)
		}
		shown[vectors[bytes]] = true
	}
	for _, row := range inlineHex.FindAllStringSubmatch(doc, -1) {
		if bytes := space.ReplaceAllString(row[1], ""); vectors[bytes] == "" {
			t.Errorf("no vector has the bytes %s", row[1])
		}
	}
	for _, name := range vectors {
		if !shown[name] {
			t.Errorf("the document shows nothing of %s.json", name)
			shown[name] = true
		}
	}
}

func TestProtocolListsEveryMessageAndCode(t *testing.T) {
	doc := readProtocol(t)
	for kind := wire.TypeCall; kind <= wire.TypeCredit; kind++ {
		if !strings.Contains(doc, kind.String()) {
			t.Errorf("the document does not name %v", kind)
		}
	}
	for code := objects.Code(1); !strings.HasPrefix(code.Error(), "error code"); code++ {
		if row := fmt.Sprintf("\n| %d | %s |\n", code, code.Error()); !strings.Contains(doc, row) {
			t.Errorf("the document has no row %q", row)
		}
	}
}

func TestProtocolFigures(t *testing.T) {
	doc := readProtocol(t)
	id := uint64(proxy.NewMethodID(account, "Deposit"))
	for _, figure := range []string{
		grouped(32<<10 + wire.MaxHead(1024)), grouped(wire.MaxEntries), grouped(wire.MaxText), fmt.Sprint(wire.MaxIface, " bytes"),
		grouped(wire.MaxFrame), fmt.Sprintf("%d × *references*", wire.MaxHead(1)-wire.MaxHead(0)), fmt.Sprintf("begins % x.", binary.BigEndian.AppendUint64(nil, id)),
	} {
		if !strings.Contains(doc, figure) {
			t.Errorf("the document does not say %s", figure)
		}
	}
}

// grouped writes n with commas.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

func TestProtocolLinksLeadSomewhere(t *testing.T) {
	doc := readProtocol(t)
	anchors := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(doc, -1) {
		anchor := strings.ToLower(h[1])
		anchor = regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(anchor, "")
		anchors[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, ref := range sectionRef.FindAllStringSubmatch(doc, -1) {
		if !anchors[ref[1]] {
			t.Errorf("no section #%s", ref[1])
		}
	}
}
