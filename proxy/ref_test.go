package proxy_test

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/netobj/netobj/proxy"
)

func TestRefOf(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{})
	if got, err := proxy.RefOf[Account](NewAccountProxy(ref)); got != ref || err != nil {
		t.Errorf("of a proxy: %v, %v", got, err)
	}
	if got, err := proxy.RefOf(ref); got != ref || err != nil {
		t.Errorf("of a handle: %v, %v", got, err)
	}
	if got, err := proxy.RefOf[Account](nil); got != nil || err != nil {
		t.Errorf("of nil: %v, %v", got, err)
	}
	local := &account{}
	got, err := proxy.RefOf[Account](local)
	if err != nil {
		t.Fatal(err)
	}
	if object, ok := got.Local(); !ok || object != any(local) || got.Interface() != "example.com/bank.Account" || got.Binding() != nil {
		t.Errorf("of a Go value: %v as %s", got, got.Interface())
	}
}

func TestRefOfRefuses(t *testing.T) {
	_, err := proxy.RefOf[Account](NewAccountProxy(nil))
	contains(t, err, "proxy without a reference; get one from a lookup or a call")
	_, err = proxy.RefOf(&account{})
	contains(t, err, "*proxy_test.account is not an interface; name the exported interface")
	_, err = proxy.RefOf[unexported](struct{ unexported }{})
	contains(t, err, "mark it //objgen:export")
}

func TestCast(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{})
	first, err := proxy.Cast[Account](ref)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := proxy.Cast[Account](ref); again != first {
		t.Error("one reference has two proxies")
	}
	_, err = proxy.Cast[Named](ref)
	contains(t, err, "passed as bank.Account, not as bank.Named; objects.As asks its owner")
	named := ref.Typed(namedInterface)
	if got, err := proxy.Cast[Named](ref); got != named || err != nil {
		t.Errorf("what the owner said is forgotten: %v", err)
	}
	_, err = proxy.Cast[unexported](ref)
	contains(t, err, "no generated code")
	if got, err := proxy.Cast[Account](nil); got != nil || err != nil {
		t.Errorf("nil is %v, %v", got, err)
	}
}

func TestCastOfAGoValue(t *testing.T) {
	local := &account{}
	ref := proxy.NewLocalRef("example.com/bank.Account", local)
	if got, err := proxy.Cast[Named](ref); got != Named(local) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	_, err := proxy.Cast[unexported](ref)
	contains(t, err, "*proxy_test.account does not implement proxy_test.unexported")
}

// TestTypedIsOne: however many ask at once, there is one proxy.
func TestTypedIsOne(t *testing.T) {
	for _, i := range []*proxy.Interface{accountInterface, namedInterface} {
		for _, passed := range []*proxy.Interface{accountInterface, namedInterface} {
			ref, _ := remote(passed.Name, &account{})
			got := make([]any, 16)
			var all sync.WaitGroup
			for k := range got {
				all.Go(func() { got[k] = ref.Typed(i) })
			}
			all.Wait()
			for _, p := range got {
				if p != got[0] {
					t.Fatalf("one reference, passed as %s, has two proxies of %s", passed.Name, i.Name)
				}
			}
		}
	}
}

// TestProxyIsItsRef: the proxy of the interface that an object was passed as takes
// no memory beside the Ref.
func TestProxyIsItsRef(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{})
	if n := testing.AllocsPerRun(100, func() { ref.Typed(accountInterface) }); n > 0 {
		t.Errorf("a proxy takes %v allocations", n)
	}
	if size := unsafe.Sizeof(*ref); size > 48 {
		t.Errorf("a Ref takes %d bytes", size)
	}
}

// TestEmptyProxy: a proxy that names no object says so, be it nil or zero.
func TestEmptyProxy(t *testing.T) {
	for _, p := range []*AccountProxy{nil, {}} {
		_, err := p.Deposit(t.Context(), 1)
		contains(t, err, "proxy without a reference")
		if got := p.ProxyRef().String(); got != "obj://nil" {
			t.Errorf("its reference is %s", got)
		}
	}
}

func TestRefString(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{})
	for want, r := range map[string]*proxy.Ref{
		"obj://nil":                       nil,
		"obj://session/1":                 ref,
		"obj://local/*proxy_test.account": proxy.NewLocalRef("example.com/bank.Account", &account{}),
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
