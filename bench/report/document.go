package report

import (
	"fmt"
	"os"
	"strings"
)

// The results of a document stand between these lines.
const (
	docBegin = "<!-- results: written by go run . -doc -->\n"
	docEnd   = "<!-- end of results -->\n"
)

// Document replaces the results in a Markdown file.
func (r *Report) Document(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), docBegin)
	_, after, ok2 := strings.Cut(rest, docEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q, between which the results go", file, strings.TrimSpace(docBegin), strings.TrimSpace(docEnd))
	}
	return os.WriteFile(file, []byte(before+docBegin+"\n"+r.Markdown()+"\n"+docEnd+after), 0o666)
}
