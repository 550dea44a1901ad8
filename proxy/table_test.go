package proxy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/netobj/netobj/proxy"
)

func TestRegisterCompletesTheDescription(t *testing.T) {
	if proxy.InterfaceNamed("example.com/bank.Account") != accountInterface || proxy.InterfaceNamed("example.com/bank.Nobody") != nil {
		t.Error("look-up by name")
	}
	if got, err := proxy.InterfaceOf[Account](); got != accountInterface || err != nil {
		t.Errorf("look-up by type: %v, %v", got, err)
	}
	m := accountInterface.Methods[0]
	if m.Interface != "example.com/bank.Account" || m.ID != proxy.NewMethodID("example.com/bank.Account", "Deposit") {
		t.Errorf("method %+v", m)
	}
}

// taken is what TestRegisterTwice tries to register.
type taken interface {
	Taken(ctx context.Context) error
}

// TestRegisterTwice: two descriptions of one interface are a mistake of the
// build, which shows at start and says what to do.
func TestRegisterTwice(t *testing.T) {
	for want, register := range map[string]func(){
		"interface example.com/bank.Account is registered twice": func() {
			proxy.Register[taken](&proxy.Interface{Name: "example.com/bank.Account"})
		},
		"registered as example.com/bank.Account and as example.com/other.Account": func() {
			proxy.Register[Account](&proxy.Interface{Name: "example.com/other.Account"})
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) || !strings.Contains(got, "delete one of the generated files") {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			register()
		}()
	}
}

// TestSkeleton: a peer can reach the methods of the exported interfaces that a
// value implements, and no others.
func TestSkeleton(t *testing.T) {
	s := proxy.SkeletonOf(&account{})
	if len(s.Interfaces) != 2 || s.Interfaces[0] != accountInterface || s.Interfaces[1] != namedInterface {
		t.Errorf("%d interfaces", len(s.Interfaces))
	}
	if m := s.Method(proxy.NewMethodID("example.com/bank.Named", "Name")); m == nil || m.Name != "Name" {
		t.Errorf("Named.Name is %v", m)
	}
	if s.Method(proxy.NewMethodID("example.com/bank.Account", "Nobody")) != nil {
		t.Error("a method that nobody declared")
	}
	if again := proxy.SkeletonOf(&account{}); again != s {
		t.Error("the skeleton is made twice")
	}
	for _, plain := range []any{nil, 7, account{}, "text"} {
		if s := proxy.SkeletonOf(plain); len(s.Interfaces) != 0 {
			t.Errorf("%T has %d exported interfaces", plain, len(s.Interfaces))
		}
	}
}
