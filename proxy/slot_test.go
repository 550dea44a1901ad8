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
