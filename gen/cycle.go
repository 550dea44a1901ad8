package gen

import "go/types"

// Types that contain themselves, or ever larger instances of themselves.

// maxNested is how deep instances of one generic type may stand inside each
// other, List[List[...]]: far more than people write, and few enough to notice
// soon that a type has no end.
const maxNested = 8

// expands reports, once for each generic type, that t contains ever larger
// instances of itself, like a Tree[T] with a field of type Tree[[]T].
func (b *builder) expands(t types.Type, at where) bool {
	origin := originOf(t)
	if origin == nil {
		return false
	}
	if b.endless[origin] {
		return true
	}
	nested := 0
	for _, o := range b.open {
		if originOf(o) == origin {
			nested++
		}
	}
	if nested < maxNested {
		return false
	}
	b.endless[origin] = true
	b.fs.add(at.pos, "use a concrete type inside the generic one", "%s: %s contains instances of itself without end, or more than %d deep",
		at.path, origin.Obj().Name(), maxNested)
	return true
}

// originOf is the generic type that t is an instance of, nil for others.
func originOf(t types.Type) *types.Named {
	if named, ok := types.Unalias(t).(*types.Named); ok && named.TypeArgs().Len() > 0 {
		return named.Origin()
	}
	return nil
}

// cycle renders the way from t to itself among the types being looked at.
func (b *builder) cycle(t types.Type) string {
	for i, o := range b.open {
		if !types.Identical(o, t) {
			continue
		}
		text := ""
		for _, via := range b.open[i:] {
			if _, named := types.Unalias(via).(*types.Named); named {
				text += b.text(via) + " -> "
			}
		}
		return text + b.text(t)
	}
	return ""
}
