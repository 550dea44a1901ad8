package proxy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/netobj/netobj/proxy"
)

// relief stands for one reference after the other, each for one try.
type relief struct{ targets []*proxy.Ref }

func (r *relief) Begin(ctx context.Context, m *proxy.Method) *proxy.Call {
	return proxy.NewForward(ctx, m, func(_ *proxy.Call, try func(*proxy.Ref) error) (err error) {
		for {
			if err = try(r.targets[0]); !errors.Is(err, errBroken) || len(r.targets) == 1 {
				return err
			}
			r.targets = r.targets[1:]
		}
	})
}

func (r *relief) String() string         { return r.targets[0].String() }
func (r *relief) Target() *proxy.Ref     { return r.targets[0] }
func (r *relief) Alive() context.Context { return context.Background() }
func (r *relief) Release()               {}

var errBroken = errors.New("broken")

func standin(targets ...*proxy.Ref) Account {
	return proxy.NewRef(accountInterface.Name, &relief{targets}).Typed(accountInterface).(Account)
}

// TestForwardTriesAgain: the arguments are the same each time, references among them, and
// each call that was begun is finished.
func TestForwardTriesAgain(t *testing.T) {
	object := &account{balance: 100}
	first, s1 := remote("example.com/bank.Account", &account{})
	second, s2 := remote("example.com/bank.Account", object)
	s1.broken = errBroken
	p := standin(first, second)
	mine := &account{}
	if same, err := p.Same(t.Context(), mine); same != Account(mine) || err != nil {
		t.Errorf("%v, %v", same, err)
	}
	if balance, err := p.Deposit(t.Context(), 5); balance != 105 || err != nil {
		t.Errorf("%d, %v", balance, err)
	}
	if balance, err := p.Deposit(t.Context(), -500); balance != 105 || !errors.Is(err, errOverdrawn) {
		t.Errorf("results beside an error: %d, %v", balance, err)
	}
	s2.garbage = []byte{0x81, 0x61, 'x'}
	if _, err := p.Deposit(t.Context(), 5); err == nil {
		t.Error("results that are broken are no error")
	}
	if s1.begun != 1 || s1.finished != 1 || s2.begun != 4 || s2.finished != 4 {
		t.Errorf("%d, %d calls begun, %d, %d finished", s1.begun, s2.begun, s1.finished, s2.finished)
	}
}

// TestForwardToAnOwnObject calls it with copies of the arguments.
func TestForwardToAnOwnObject(t *testing.T) {
	object := &account{balance: 100}
	p := standin(proxy.NewLocalRef("example.com/bank.Account", object))
	if balance, err := p.Deposit(t.Context(), 5); balance != 105 || err != nil {
		t.Errorf("%d, %v", balance, err)
	}
	if balance, err := p.Deposit(t.Context(), -500); balance != 105 || !errors.Is(err, errOverdrawn) {
		t.Errorf("results beside an error: %d, %v", balance, err)
	}
	if same, err := p.Same(t.Context(), object); same != Account(object) || err != nil {
		t.Errorf("%v, %v", same, err)
	}
}

// TestStandinsTravelAsTheirTargets, and so their handles do.
func TestStandinsTravelAsTheirTargets(t *testing.T) {
	object := &account{}
	ref, s := remote("example.com/bank.Account", object)
	alice := ref.Typed(accountInterface).(Account)
	p := standin(ref)
	if same, err := alice.Same(t.Context(), p); same != alice || err != nil {
		t.Errorf("%v, %v", same, err)
	}
	if s.slots[0].Object != any(ref) {
		t.Errorf("%v travelled", s.slots[0].Object)
	}
	if handle, err := proxy.RefOf(p); handle != ref || err != nil {
		t.Errorf("RefOf = %v, %v", handle, err)
	}
	if ref.Standin() != nil || p.(proxy.Proxy).ProxyRef().Standin() == nil || (*proxy.Ref)(nil).Standin() != nil {
		t.Error("Standin does not tell which stand for others")
	}
	if _, err := alice.Same(t.Context(), standin(nil)); err == nil {
		t.Error("a standin for nothing was passed on")
	}
}
