package gen

import "go/types"

// checkLock reports a value that would be copied with a lock inside.
func (b *builder) checkLock(t types.Type, at where) {
	if lock := lockIn(t); lock != nil {
		b.refuse(t, at, "holds a "+b.text(lock)+", which must not be copied", "use a pointer")
	}
}

// lockIn finds what go vet calls a lock in values of t: a struct that is locked
// through a pointer.
func lockIn(t types.Type) types.Type {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return lockIn(u.Elem())
	case *types.Struct:
		if isLock(t) {
			return t
		}
		for i := range u.NumFields() {
			if lock := lockIn(u.Field(i).Type()); lock != nil {
				return lock
			}
		}
	}
	return nil
}

func isLock(t types.Type) bool {
	for _, name := range []string{"Lock", "Unlock"} {
		obj, _, indirect := types.LookupFieldOrMethod(t, true, nil, name)
		fn, ok := obj.(*types.Func)
		if !ok || indirect || fn.Signature().Params().Len() > 0 || fn.Signature().Results().Len() > 0 {
			return false
		}
		if _, byPointer := fn.Signature().Recv().Type().(*types.Pointer); !byPointer {
			return false
		}
	}
	return true
}
