package registry

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValidateName(t *testing.T) {
	for _, name := range []string{"a", "bank/alice", "ü/名/😀", "a b", "...", "a.b", strings.Repeat("x", MaxName)} {
		if err := ValidateName(name); err != nil {
			t.Errorf("%q refused: %v", name, err)
		}
	}
	for name, reason := range map[string]string{
		"":                             "empty",
		"/":                            "element",
		"/a":                           "element",
		"a/":                           "element",
		"a//b":                         "element",
		".":                            `"."`,
		"a/../b":                       `".."`,
		"a\nb":                         "control",
		"a\x00":                        "byte 1 ",
		"\xff":                         "UTF-8",
		strings.Repeat("x", MaxName+1): "256 bytes",
	} {
		err := ValidateName(name)
		if e, ok := errors.AsType[*NameError](err); !ok || !strings.Contains(e.Reason, reason) {
			t.Errorf("%q: error %v, want one about %s", name, err, reason)
		}
	}
}

// FuzzValidateName checks that what is accepted is a path of sound text, and
// that a refusal can be printed and sent.
func FuzzValidateName(f *testing.F) {
	for _, seed := range []string{"", "a", "bank/alice", "a//b", "..", "\xff", "a\u0085", strings.Repeat("ü", 128)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := ValidateName(name)
		if err != nil {
			if text := err.Error(); !utf8.ValidString(text) || len(text) > 4*MaxName+200 {
				t.Fatalf("bad text %q", text)
			}
			return
		}
		if name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.Contains("/"+name+"/", "//") {
			t.Fatalf("%q accepted", name)
		}
		if validatePrefix(name) != nil {
			t.Fatalf("%q is a name and no prefix", name)
		}
	})
}
