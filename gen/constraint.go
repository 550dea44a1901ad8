package gen

import (
	"go/build/constraint"
	"strings"
)

// constraintOf is the build constraint of f, which its generated file must
// share: the //go:build line, and what a name like bank_linux.go implies.
func constraintOf(f *file) string {
	expr := nameConstraint(stem(f.path))
	for _, group := range f.syntax.Comments {
		if group.Pos() > f.syntax.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			if line, err := constraint.Parse(c.Text); err == nil {
				expr = joinConstraints(expr, line.String())
			}
		}
	}
	return expr
}

func joinConstraints(a, b string) string {
	switch {
	case a == "" || a == b || strings.HasPrefix(b, a+" && "):
		return b
	case b == "":
		return a
	}
	return "(" + a + ") && (" + b + ")"
}

// nameConstraint is what the go command reads out of a file name: name_GOOS,
// name_GOARCH or name_GOOS_GOARCH.
func nameConstraint(name string) string {
	words := strings.Split(name, "_")
	n := len(words)
	switch {
	case n >= 3 && knownOS[words[n-2]] && knownArch[words[n-1]]:
		return words[n-2] + " && " + words[n-1]
	case n >= 2 && (knownOS[words[n-1]] || knownArch[words[n-1]]):
		return words[n-1]
	}
	return ""
}

var (
	knownOS = setOf("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos")

	knownArch = setOf("386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le " +
		"ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm")
)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
