package gen

import (
	"cmp"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Which fields a struct has, with those of embedded structs, and under which
// names: the rules of fxamacker/cbor.

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
