package registry

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the greatest length of a name, in bytes.
const MaxName = 255

// ValidateName returns nil if name may be bound, else a [*NameError].
//
// A name is a path: elements with slashes between them, such as "bank/alice".
// It is valid UTF-8 of 1 to [MaxName] bytes without control characters; no
// element is empty, "." or "..". Names are compared byte by byte.
func ValidateName(name string) error {
	if why := badName(name); why != "" {
		return &NameError{Name: printable(name), Reason: why}
	}
	return nil
}

func badName(name string) string {
	if name == "" {
		return "it is empty"
	}
	if why := badText(name); why != "" {
		return why
	}
	for element := range strings.SplitSeq(name, "/") {
		switch element {
		case "":
			return "an element between slashes is empty"
		case ".", "..":
			return fmt.Sprintf("an element is %q", element)
		}
	}
	return ""
}

// validatePrefix checks the prefix of a listing. Every part of a name is one,
// the empty one included.
func validatePrefix(prefix string) error {
	if why := badText(prefix); why != "" {
		return &NameError{Name: printable(prefix), Reason: why}
	}
	return nil
}

func badText(text string) string {
	if len(text) > MaxName {
		return fmt.Sprintf("it has %d bytes, %d are allowed", len(text), MaxName)
	}
	if !utf8.ValidString(text) {
		return "it is not valid UTF-8"
	}
	if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 {
		return fmt.Sprintf("byte %d begins a control character", i)
	}
	return ""
}

// printable makes a refused name fit for an error that is sent and printed.
func printable(name string) string {
	if len(name) > MaxName {
		name = name[:MaxName] + "..."
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}
