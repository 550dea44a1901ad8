package wire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/netobj/netobj/internal/wire"
)

func FuzzBroken(f *testing.F) { codecNamed(f, "broken").fuzz(f) }

// The text comes from somebody's error: whatever it is, the message must arrive.
func TestTextsAreCutAndMadeUTF8(t *testing.T) {
	for _, text := range []string{strings.Repeat("é", wire.MaxText), "a\xffb", strings.Repeat("x", wire.MaxText-1) + "é"} {
		var m wire.Broken
		b := (&wire.Broken{Entries: []wire.BrokenEntry{{XID: 1, Reason: 1, Text: text}}}).Append(nil)
		if err := wire.ParseBroken(b, &m); err != nil {
			t.Fatal(err)
		}
		if got := m.Entries[0].Text; len(got) > wire.MaxText || !utf8.ValidString(got) || got == "" {
			t.Errorf("%d bytes arrive: %.20q", len(got), got)
		}
		var bye wire.Bye
		if err := wire.ParseBye((&wire.Bye{Text: text}).Append(nil), &bye); err != nil || bye.Text != m.Entries[0].Text {
			t.Errorf("as a farewell: %.20q, error %v", bye.Text, err)
		}
	}
}
