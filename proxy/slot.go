package proxy

import (
	"fmt"

	"github.com/netobj/netobj/marshal"
)

// PutRef encodes v, a value of exported interface T, by reference: a Go value
// is exported, a proxy is passed on, nil stays nil.
func PutRef[T any](e *marshal.Encoder, v T) {
	slot, err := slotOf(v)
	putSlot(e, slot, err)
}

// GetRef decodes a value of exported interface T: the original Go value if the
// reference came home, else the object's proxy, or nil.
func GetRef[T any](d *marshal.Decoder) T {
	var none T
	slot, ok := d.Ref()
	if !ok {
		return none
	}
	v, err := valueOf[T](slot)
	if err != nil {
		d.Fail(err)
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
	slot, err := r.slot()
	putSlot(e, slot, err)
}

// GetHandle decodes a reference to an object of any interface.
func GetHandle(d *marshal.Decoder) *Ref {
	slot, ok := d.Ref()
	if !ok {
		return nil
	}
	return handleOf(slot)
}

func putSlot(e *marshal.Encoder, slot marshal.Slot, err error) {
	if err != nil {
		e.Fail(err)
		return
	}
	e.Ref(slot.Object, slot.Iface)
}

// slotOf returns v as an entry of a reference table; empty if v is nil.
func slotOf[T any](v T) (marshal.Slot, error) {
	switch o := any(v).(type) {
	case nil:
		return marshal.Slot{}, nil
	case Proxy:
		return o.ProxyRef().slot()
	}
	i, err := InterfaceOf[T]()
	if err != nil {
		return marshal.Slot{}, err
	}
	return marshal.Slot{Object: v, Iface: i.Name}, nil
}

// slot returns the object of r as an entry of a reference table.
func (r *Ref) slot() (marshal.Slot, error) {
	r = r.target()
	if r == nil || r.binding == nil {
		return marshal.Slot{}, errNilRef
	}
	if object, local := r.Local(); local {
		return marshal.Slot{Object: object, Iface: r.iface}, nil
	}
	return marshal.Slot{Object: r, Iface: r.iface}, nil
}

// valueOf returns what a received slot is as a T: the original Go value if the
// reference came home, else the object's proxy.
func valueOf[T any](slot marshal.Slot) (T, error) {
	var none T
	if r, isRef := slot.Object.(*Ref); isRef {
		i, err := InterfaceOf[T]()
		if err != nil {
			return none, err
		}
		object, local := r.Local()
		if !local {
			return r.Typed(i).(T), nil
		}
		slot.Object = object
	}
	v, ok := slot.Object.(T)
	if !ok {
		return none, fmt.Errorf("reference to a %T, which does not implement %v", slot.Object, typeName[T]())
	}
	return v, nil
}

// handleOf returns the handle of a received object.
func handleOf(slot marshal.Slot) *Ref {
	if r, isRef := slot.Object.(*Ref); isRef {
		return r
	}
	return NewLocalRef(slot.Iface, slot.Object)
}
