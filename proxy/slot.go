package proxy

import (
	"fmt"

	"github.com/netobj/netobj/marshal"
)

// PutRef encodes v, a value of exported interface T, by reference: a Go value
// is exported, a proxy is passed on, nil stays nil.
func PutRef[T any](e *marshal.Encoder, v T) {
	switch o := any(v).(type) {
	case nil:
		e.Nil()
	case Proxy:
		putHandle(e, o.ProxyRef())
	default:
		i, err := InterfaceOf[T]()
		if err != nil {
			e.Fail(err)
			return
		}
		e.Ref(v, i.Name)
	}
}

// GetRef decodes a value of exported interface T: the original Go value if the
// reference came home, else the object's proxy, or nil.
func GetRef[T any](d *marshal.Decoder) T {
	var none T
	slot, ok := d.Ref()
	if !ok {
		return none
	}
	if r, isRef := slot.Object.(*Ref); isRef {
		i, err := InterfaceOf[T]()
		if err != nil {
			d.Fail(err)
			return none
		}
		object, local := r.Local()
		if !local {
			return r.Typed(i).(T)
		}
		slot.Object = object
	}
	v, ok := slot.Object.(T)
	if !ok {
		d.Fail(fmt.Errorf("reference to a %T, which does not implement %v", slot.Object, typeName[T]()))
	}
	return v
}

// PutHandle encodes the object of r by reference, whatever its interface; nil
// stays nil.
func PutHandle(e *marshal.Encoder, r *Ref) {
	if r == nil {
		e.Nil()
		return
	}
	putHandle(e, r)
}

// GetHandle decodes a reference to an object of any interface.
func GetHandle(d *marshal.Decoder) *Ref {
	slot, ok := d.Ref()
	if !ok {
		return nil
	}
	if r, isRef := slot.Object.(*Ref); isRef {
		return r
	}
	return NewLocalRef(slot.Iface, slot.Object)
}

func putHandle(e *marshal.Encoder, r *Ref) {
	if r == nil || r.binding == nil {
		e.Fail(errNilRef)
		return
	}
	if object, local := r.Local(); local {
		e.Ref(object, r.iface)
		return
	}
	e.Ref(r, r.iface)
}
