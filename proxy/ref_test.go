package proxy_test

import (
	"sync"
	"testing"

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
	ref, _ := remote("example.com/bank.Account", &account{})
	got := make([]any, 16)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = ref.Typed(accountInterface) })
	}
	all.Wait()
	for _, p := range got {
		if p != got[0] {
			t.Fatal("one reference has two proxies")
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
