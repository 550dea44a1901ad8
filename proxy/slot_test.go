package proxy_test

import (
	"strings"
	"testing"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// put encodes with write and returns what came of it.
func put(write func(e *marshal.Encoder)) (data []byte, slots []marshal.Slot, err error) {
	var e marshal.Encoder
	write(&e)
	return e.Data(), e.Slots(), e.Err()
}

// get decodes one reference, an entry of a table with this slot.
func get[T any](slot marshal.Slot, read func(d *marshal.Decoder) T) (T, error) {
	var d marshal.Decoder
	d.Reset([]byte{0}, []marshal.Slot{slot}, nil, nil)
	v := read(&d)
	return v, d.End()
}

// contains reports that err is there and says want.
func contains(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; it should say %q", err, want)
	}
}

func TestPutRef(t *testing.T) {
	local := &account{}
	ref, _ := remote("example.com/bank.Account", &account{})
	named, _ := remote("example.com/bank.Named", &account{})
	var none *account
	for name, c := range map[string]struct {
		value  Account
		object any
		iface  string
	}{
		"a Go value is entered as what it is passed as":   {local, local, "example.com/bank.Account"},
		"a proxy is entered as its reference":             {NewAccountProxy(ref), ref, "example.com/bank.Account"},
		"a proxy keeps the interface of its reference":    {NewAccountProxy(named), named, "example.com/bank.Named"},
		"a proxy of a local handle is the Go value":       {NewAccountProxy(proxy.NewLocalRef("example.com/bank.Named", local)), local, "example.com/bank.Named"},
		"a typed nil is a Go value, which has methods":    {none, none, "example.com/bank.Account"},
		"a Go value with room for a name is a Go value":   {struct{ Account }{local}, struct{ Account }{local}, "example.com/bank.Account"},
		"a Go value around a proxy's interface is itself": {struct{ Account }{NewAccountProxy(ref)}, struct{ Account }{NewAccountProxy(ref)}, "example.com/bank.Account"},
	} {
		if strings.HasPrefix(name, "a Go value around") {
			wrapped := c.value
			c.object = wrapped // NewAccountProxy makes another proxy each time
		}
		data, slots, err := put(func(e *marshal.Encoder) { proxy.PutRef(e, c.value) })
		if err != nil || len(slots) != 1 || string(data) != "\x00" {
			t.Errorf("%s: bytes % x, %d slots, error %v", name, data, len(slots), err)
			continue
		}
		if slots[0].Object != c.object || slots[0].Iface != c.iface {
			t.Errorf("%s: entered %T as %s", name, slots[0].Object, slots[0].Iface)
		}
	}
}

func TestPutRefRefuses(t *testing.T) {
	_, _, err := put(func(e *marshal.Encoder) { proxy.PutRef[unexported](e, struct{ unexported }{}) })
	contains(t, err, "no generated code for proxy_test.unexported")
	_, _, err = put(func(e *marshal.Encoder) { proxy.PutRef[Account](e, NewAccountProxy(nil)) })
	contains(t, err, "proxy without a reference")
}

func TestNilStaysNil(t *testing.T) {
	data, slots, err := put(func(e *marshal.Encoder) {
		e.Array(2)
		proxy.PutRef[Account](e, nil)
		proxy.PutHandle(e, nil)
	})
	if err != nil || len(slots) != 0 {
		t.Fatalf("%d slots, error %v", len(slots), err)
	}
	var d marshal.Decoder
	d.Reset(data, nil, nil, nil)
	d.Tuple()
	if a, r := proxy.GetRef[Account](d.Next()), proxy.GetHandle(d.Next()); a != nil || r != nil || d.End() != nil {
		t.Errorf("%v, %v, %v", a, r, d.End())
	}
}

func TestGetRef(t *testing.T) {
	local := &account{}
	ref, _ := remote("example.com/bank.Account", &account{})
	for name, c := range map[string]struct {
		object any
		want   Account
	}{
		"what comes home is the Go value":    {local, local},
		"a local handle is its Go value":     {proxy.NewLocalRef("example.com/bank.Account", local), local},
		"a remote object is its one proxy":   {ref, ref.Typed(accountInterface).(Account)},
		"a typed nil is a Go value, as sent": {(*account)(nil), (*account)(nil)},
	} {
		got, err := get(marshal.Slot{Object: c.object, Iface: "example.com/bank.Account"}, proxy.GetRef[Account])
		if got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestGetRefRefuses(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{})
	_, err := get(marshal.Slot{Object: struct{}{}}, proxy.GetRef[Account])
	contains(t, err, "reference to a struct {}, which does not implement proxy_test.Account")
	_, err = get(marshal.Slot{Object: ref}, proxy.GetRef[unexported])
	contains(t, err, "no generated code for proxy_test.unexported")
}

func TestHandles(t *testing.T) {
	local := &account{}
	ref, _ := remote("example.com/bank.Account", &account{})
	for _, r := range []*proxy.Ref{ref, proxy.NewLocalRef("example.com/bank.Named", local)} {
		_, slots, err := put(func(e *marshal.Encoder) { proxy.PutHandle(e, r) })
		if err != nil || len(slots) != 1 {
			t.Fatalf("%v: %d slots, error %v", r, len(slots), err)
		}
		got, err := get(slots[0], proxy.GetHandle)
		if err != nil || got.Interface() != r.Interface() || got.String() != r.String() {
			t.Errorf("%v came as %v, error %v", r, got, err)
		}
	}
	if got, _ := get(marshal.Slot{Object: ref}, proxy.GetHandle); got != ref {
		t.Error("a remote object has two handles")
	}
}
