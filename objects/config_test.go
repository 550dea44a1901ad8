package objects

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDefaultsAreAsWritten compares what stands at each field of Config and Limits
// with what a nil *Config means.
func TestDefaultsAreAsWritten(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	d := (*Config)(nil).defaults()
	compared := compareDefaults(t, file, "Config", reflect.ValueOf(*d)) + compareDefaults(t, file, "Limits", reflect.ValueOf(d.Limits))
	if numbers := 10 + reflect.TypeFor[Limits]().NumField(); compared != numbers-1 { // NodeBudget depends on the process
		t.Errorf("%d defaults compared, want %d", compared, numbers-1)
	}
}

var zeroMeans = regexp.MustCompile(`[Zz]ero\s+means ([\d,]+)(?: (s|ms|KiB|MiB)\b)?(\S*)`)

// compareDefaults returns how many fields of the named type tell a number.
func compareDefaults(t *testing.T, file *ast.File, name string, filled reflect.Value) (compared int) {
	t.Helper()
	fields := file.Scope.Lookup(name).Decl.(*ast.TypeSpec).Type.(*ast.StructType).Fields.List
	for _, field := range fields {
		m := zeroMeans.FindStringSubmatch(field.Doc.Text() + field.Comment.Text())
		if m == nil || strings.HasPrefix(m[3], "/") {
			continue
		}
		written, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		written *= map[string]int64{"": 1, "s": int64(time.Second), "ms": int64(time.Millisecond), "KiB": 1 << 10, "MiB": 1 << 20}[m[2]]
		if got := filled.FieldByName(field.Names[0].Name).Int(); got != written {
			t.Errorf("%s.%s is %d by default, its comment says %s", name, field.Names[0].Name, got, m[0])
		}
		compared++
	}
	return compared
}
