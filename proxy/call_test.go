package proxy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/netobj/netobj/proxy"
)

func TestCallCarriesContextArgumentsAndResults(t *testing.T) {
	ref, s := remote("example.com/bank.Account", &account{balance: 100})
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 7)
	balance, err := NewAccountProxy(ref).Deposit(ctx, 500)
	if balance != 600 || err != nil {
		t.Errorf("%d, %v", balance, err)
	}
	if s.ctx.Value(key{}) != 7 {
		t.Error("the runtime got another context")
	}
	if s.begun != 1 || s.finished != 1 {
		t.Errorf("begun %d times, finished %d times", s.begun, s.finished)
	}
}

// TestResultsBesideAnError: a method may return both, as Go callers expect.
func TestResultsBesideAnError(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{balance: 100})
	balance, err := NewAccountProxy(ref).Deposit(t.Context(), -500)
	if balance != 100 || !errors.Is(err, errOverdrawn) {
		t.Errorf("%d, %v", balance, err)
	}
}

func TestReferencesInArgumentsAndResults(t *testing.T) {
	local := &account{}
	ref, _ := remote("example.com/bank.Account", local)
	alice := ref.Typed(accountInterface).(Account)
	mine := &account{}
	for name, c := range map[string]struct{ pass, want Account }{
		"the holder's own value comes home": {mine, mine},
		"the owner's value is its proxy":    {alice, alice},
		"nil":                               {nil, nil},
	} {
		if got, err := alice.Same(t.Context(), c.pass); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestFailedCallReadsAsZero: generated code reads results without asking whether
// there are any.
func TestFailedCallReadsAsZero(t *testing.T) {
	ref, s := remote("example.com/bank.Account", &account{balance: 100})
	s.broken = errors.New("no connection")
	balance, err := NewAccountProxy(ref).Deposit(t.Context(), 500)
	if balance != 0 || err != s.broken || s.finished != 1 {
		t.Errorf("%d, %v, finished %d times", balance, err, s.finished)
	}
}

func TestBrokenResultsAreAnError(t *testing.T) {
	ref, s := remote("example.com/bank.Account", &account{})
	s.garbage = []byte{0x81, 0x61, 'x'} // text in the place of a number
	balance, err := NewAccountProxy(ref).Deposit(t.Context(), 500)
	if balance != 0 {
		t.Errorf("balance %d", balance)
	}
	contains(t, err, "[0]")
}

// TestMethodDoesNotRunOnBrokenArguments: Decoded stands before the method.
func TestMethodDoesNotRunOnBrokenArguments(t *testing.T) {
	a := &account{}
	var in proxy.Incoming
	in.Args.Reset([]byte{0x81, 0x61, 'x'}, nil, nil, nil)
	in.Args.Tuple()
	if err := serveAccountDeposit(t.Context(), a, &in); err == nil || a.balance != 0 {
		t.Errorf("error %v, balance %d", err, a.balance)
	}
}

func TestUnboundProxies(t *testing.T) {
	_, err := NewAccountProxy(nil).Deposit(t.Context(), 1)
	contains(t, err, "bank.Account.Deposit: proxy without a reference")
	local := proxy.NewLocalRef("example.com/bank.Account", &account{})
	_, err = NewAccountProxy(local).Deposit(t.Context(), 1)
	contains(t, err, "bank.Account.Deposit: the object is a *proxy_test.account of this process")
}

func TestCallTellsItsParts(t *testing.T) {
	ref, _ := remote("example.com/bank.Account", &account{})
	m := &accountInterface.Methods[0]
	c := ref.Begin(t.Context(), m)
	if c.Ref() != ref || c.Method() != m || c.Context() != t.Context() {
		t.Errorf("%v, %v, %v", c.Ref(), c.Method().FullName(), c.Context())
	}
	c.Args.Array(1)
	c.Args.Int(1)
	c.Invoke()
	if c.Results.Next().Int64() != 1 || c.End() != nil || c.Ref() != nil {
		t.Error("the call did not end")
	}
}
