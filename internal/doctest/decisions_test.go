package doctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestDecisionsAreListed: the records have numbers of their own, without gaps, and each
// stands in the list with its title.
func TestDecisionsAreListed(t *testing.T) {
	folder := filepath.Join(root, "docs", "decisions")
	list, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "[0-9]*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d records, %v", len(files), err)
	}
	for i, file := range files {
		name := filepath.Base(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		number, title, _ := strings.Cut(strings.TrimPrefix(first, "# "), ". ")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 || !strings.HasPrefix(name, fmt.Sprintf("%04d-", n)) {
			t.Errorf("%s is the record at place %d, and begins with %q", name, i+1, first)
		}
		if row := fmt.Sprintf("\n%s. [%s](%s)\n", number, title, name); !strings.Contains(string(list), row) {
			t.Errorf("README.md has no line %q", row)
		}
	}
}
