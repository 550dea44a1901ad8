package schema

import (
	"fmt"
	"strings"
)

// Go renders the type as Go code would write it, with short package names and
// without the fields of named structs.
func (t *Type) Go() string {
	switch t.Kind {
	case Bytes:
		return "[]byte"
	case Time:
		return "time.Time"
	case Duration:
		return "time.Duration"
	case BigInt:
		return "*big.Int"
	case Ref:
		if t.Name == "" {
			return "*proxy.Ref"
		}
		return short(t.Name)
	case List:
		return "[]" + t.Elem.Go()
	case Array:
		return fmt.Sprintf("[%d]%s", t.Len, t.Elem.Go())
	case Map:
		return "map[" + t.Key.Go() + "]" + t.Elem.Go()
	case Pointer:
		return "*" + t.Elem.Go()
	case Struct, Tuple, Opaque:
		if t.Name != "" {
			return short(t.Name)
		}
		return t.structText()
	}
	return t.word()
}

func (t *Type) structText() string {
	fields := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		fields[i] = f.Name + " " + f.Type.Go()
	}
	return "struct{ " + strings.Join(fields, "; ") + " }"
}

// short cuts import paths, also those of type arguments.
func short(name string) string {
	var b strings.Builder
	word := 0
	flush := func(end int) {
		part := name[word:end]
		b.WriteString(part[strings.LastIndexByte(part, '/')+1:])
	}
	for i, r := range name {
		if strings.ContainsRune("[],* ", r) {
			flush(i)
			b.WriteRune(r)
			word = i + 1
		}
	}
	flush(len(name))
	return b.String()
}
