package gen

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one field of a struct that travels, by the rules of fxamacker/cbor:
// those of encoding/json, with a cbor tag before a json tag.
type field struct {
	name      string // key, or number in decimal
	number    int64  // with keyasint
	isNumber  bool
	tagged    bool
	omitEmpty bool
	omitZero  bool
	path      []*types.Var // from the struct down through embedded ones
	index     []int        // the same as field indexes
	shape     *shape
}

func (f *field) last() *types.Var { return f.path[len(f.path)-1] }

// key is the encoded map key; structs are sorted by it.
func (f *field) key() []byte {
	if !f.isNumber {
		return append(head(0x60, uint64(len(f.name))), f.name...)
	}
	if f.number < 0 {
		return head(0x20, uint64(-1-f.number))
	}
	return head(0, uint64(f.number))
}

// head is the head of a CBOR item.
func head(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major | byte(n)}
	case n < 1<<8:
		return []byte{major | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{major | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{major | 27}, n)
}

// structShape collects the fields of a struct.
func (b *builder) structShape(t, plain types.Type, st *types.Struct, at where) *shape {
	s := &shape{kind: kindStruct, typ: t}
	if named, ok := plain.(*types.Named); ok {
		s.name = named.Obj()
	}
	fields, left := collectFields(plain)
	options := structOptions(st)
	switch {
	case hasOption(options, "toindefarray"):
		return b.refuse(t, at, "asks for an array of indefinite length, which receivers refuse", "use toarray")
	case len(fields) == 0 && left:
		remedy := "export them, or give the type MarshalBinary and UnmarshalBinary"
		if !b.run.ownsType(t) {
			remedy = "use a type of your own with exported fields"
		}
		return b.refuse(t, at, "has only unexported fields, which would be lost", remedy)
	case hasOption(options, "toarray"):
		s.kind = kindTuple
	default:
		slices.SortFunc(fields, func(x, y *field) int { return bytes.Compare(x.key(), y.key()) })
	}
	if !b.run.ownsType(t) {
		defer b.summarize(t, at)()
	}
	bad := false
	for _, f := range fields {
		bad = !b.fieldShape(f, plain, at) || bad
	}
	if bad {
		return nil
	}
	for _, f := range fields {
		s.refs = s.refs || f.shape.refs
		s.errs = s.errs || f.shape.errs
	}
	s.fields = fields
	return s
}

// fieldShape finds the shape of a field of t, or reports why it has none.
func (b *builder) fieldShape(f *field, t types.Type, at where) bool {
	at = at.in("." + f.last().Name())
	if b.run.ownSource(f.last()) != nil {
		at.pos = f.last().Pos()
	}
	if !b.selectable(f, t) {
		b.fs.add(at.pos, "embed an exported type, or leave the field out with a cbor:\"-\" tag", "%s: the field cannot be reached from package %s", at.path, b.target.name)
		return false
	}
	f.shape = b.shape(f.last().Type(), at)
	if _, err := strconv.Atoi(f.name); err != nil && f.isNumber {
		b.fs.add(at.pos, "write the number first: cbor:\"1,keyasint\"", "%s: keyasint needs a number, not %q", at.path, f.name)
		return false
	}
	return f.shape != nil
}

// summarize makes one finding of all that are made, up to the call of what it
// returns, inside t: a type that the user cannot edit, so that only another type
// helps.
func (b *builder) summarize(t types.Type, at where) func() {
	if b.foreign {
		return func() {} // part of a larger one
	}
	outer, inside := b.fs, &findings{fset: b.fs.fset}
	b.fs, b.foreign = inside, true
	return func() {
		b.fs, b.foreign = outer, false
		here := b.run.fset.Position(at.pos)
		var first string
		more := 0
		for _, f := range inside.all {
			switch {
			case f.Pos != here: // in a type argument of the user's
				b.fs.addAt(f.Pos, f.Remedy, "%s", f.Cause)
			case first == "":
				first = f.Cause
			default:
				more++
			}
		}
		if first == "" {
			return
		}
		if more > 0 {
			first += fmt.Sprintf(" (and %d more)", more)
		}
		b.fs.add(at.pos, "use a type of your own in place of "+b.text(t), "%s", first)
	}
}

func pathOf(obj types.Object) string {
	if obj.Pkg() == nil {
		return ""
	}
	return obj.Pkg().Path()
}

// selectable tells whether the generated file can name the field, by its whole
// path or promoted.
func (b *builder) selectable(f *field, t types.Type) bool {
	hidden := func(v *types.Var) bool { return !v.Exported() && pathOf(v) != b.target.path }
	if !slices.ContainsFunc(f.path, hidden) {
		return true
	}
	for _, v := range f.path[:len(f.path)-1] {
		if _, pointer := v.Type().Underlying().(*types.Pointer); pointer {
			return false // cannot be allocated from here
		}
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, b.target.types, f.last().Name())
	if obj != f.last() {
		return false
	}
	f.path = f.path[len(f.path)-1:]
	return true
}

// structOptions is the tag of the field named _, which may come from an
// embedded struct.
func structOptions(st *types.Struct) string {
	for i := range st.NumFields() {
		if st.Field(i).Name() == "_" {
			return optionTag(st.Tag(i))
		}
	}
	level := embedded(st)
	seen := map[*types.Struct]bool{st: true}
	for len(level) > 0 {
		var found []string
		var next []*types.Struct
		for _, e := range level {
			if seen[e] {
				continue
			}
			seen[e] = true
			for i := range e.NumFields() {
				if e.Field(i).Name() == "_" {
					found = append(found, optionTag(e.Tag(i)))
				}
			}
			next = append(next, embedded(e)...)
		}
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 {
			return "" // ambiguous, as in a selector
		}
		level = next
	}
	return ""
}

func optionTag(tag string) string {
	if v := reflect.StructTag(tag).Get("cbor"); v != "-" {
		return v
	}
	return ""
}

func embedded(st *types.Struct) []*types.Struct {
	var all []*types.Struct
	for i := range st.NumFields() {
		if !st.Field(i).Embedded() {
			continue
		}
		if e, ok := deref(st.Field(i).Type()).Underlying().(*types.Struct); ok {
			all = append(all, e)
		}
	}
	return all
}

func hasOption(tag, option string) bool {
	_, after, ok := strings.Cut(tag, ","+option)
	return ok && (after == "" || after[0] == ',')
}

func deref(t types.Type) types.Type {
	for {
		p, ok := t.Underlying().(*types.Pointer)
		if !ok {
			return t
		}
		t = p.Elem()
	}
}

// level is what is still to be looked at, one depth of embedding at a time.
type level map[types.Type][]embedding

type embedding struct {
	path  []*types.Var
	index []int
}

// collectFields returns the visible fields of t, a struct, in order of
// declaration; left tells whether unexported ones stay behind.
func collectFields(t types.Type) (all []*field, left bool) {
	next := level{}
	all, left = appendFields(t.Underlying().(*types.Struct), embedding{}, nil, next)
	seen := map[types.Type]bool{t: true}
	for len(next) > 0 {
		current := next
		next = level{}
		for _, t := range slices.Collect(maps.Keys(current)) {
			ways := current[t]
			if len(ways) > 1 || seen[t] {
				continue // embedded twice at one depth, or again deeper: neither counts
			}
			seen[t] = true
			var more bool
			all, more = appendFields(t.Underlying().(*types.Struct), ways[0], all, next)
			left = left || more
		}
	}
	return visible(all), left
}

func appendFields(st *types.Struct, in embedding, all []*field, next level) (_ []*field, left bool) {
	for i := range st.NumFields() {
		v := st.Field(i)
		elem := deref(v.Type())
		_, isStruct := elem.Underlying().(*types.Struct)
		if !v.Exported() && !(v.Embedded() && isStruct) {
			left = left || v.Name() != "_"
			continue
		}
		f, skip := parseTag(v, st.Tag(i))
		if skip {
			continue
		}
		way := embedding{slices.Concat(in.path, []*types.Var{v}), slices.Concat(in.index, []int{i})}
		if v.Embedded() && isStruct && !f.namedByTag {
			key := types.Unalias(elem)
			next[key] = append(next[key], way)
			continue
		}
		f.path, f.index = way.path, way.index
		all = append(all, &f.field)
	}
	return all, left
}

type taggedField struct {
	field
	namedByTag bool
}

// parseTag reads the cbor tag of v, or else the json tag.
func parseTag(v *types.Var, text string) (f taggedField, skip bool) {
	tag := reflect.StructTag(text).Get("cbor")
	if tag == "" {
		tag = reflect.StructTag(text).Get("json")
	}
	if tag == "-" {
		return f, true
	}
	name, options, _ := strings.Cut(tag, ",")
	f.tagged, f.namedByTag, f.name = tag != "", name != "", cmp.Or(name, v.Name())
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "keyasint":
			f.isNumber = true
		}
	}
	if n, err := strconv.Atoi(f.name); f.isNumber && err == nil {
		f.number, f.name = int64(n), strconv.Itoa(n)
	}
	return f, false
}

// visible drops the fields that others hide: the shallowest of one name wins,
// then the tagged one; otherwise none.
func visible(all []*field) []*field {
	slices.SortFunc(all, func(x, y *field) int {
		return cmp.Or(
			cmp.Compare(x.name, y.name),
			compareBool(x.isNumber, y.isNumber),
			cmp.Compare(len(x.index), len(y.index)),
			compareBool(x.tagged, y.tagged),
			slices.Compare(x.index, y.index),
		)
	})
	var kept []*field
	for len(all) > 0 {
		same := 1
		for same < len(all) && all[same].name == all[0].name && all[same].isNumber == all[0].isNumber {
			same++
		}
		first := all[0]
		if same == 1 || len(first.index) < len(all[1].index) || first.tagged && !all[1].tagged {
			kept = append(kept, first)
		}
		all = all[same:]
	}
	slices.SortFunc(kept, func(x, y *field) int { return slices.Compare(x.index, y.index) })
	return kept
}

// compareBool sorts true before false.
func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}
