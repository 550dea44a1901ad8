package proxy_test

import (
	"testing"

	"github.com/netobj/netobj/proxy"
)

// TestMethodIDVectors holds the ids to what "printf %s interface.method |
// sha256sum" says: they are the wire, so they never change.
func TestMethodIDVectors(t *testing.T) {
	for _, v := range []struct {
		iface, method string
		want          proxy.MethodID
	}{
		{"example.com/bank.Account", "Deposit", 0xd8537a6f7fe8606a},
		{"example.com/bank.Account", "Owner", 0x755bfa940335bd65},
		{"github.com/netobj/netobj/registry.Registry", "Lookup", 0x55bab2aa73da51a0},
	} {
		if got := proxy.NewMethodID(v.iface, v.method); got != v.want {
			t.Errorf("%s.%s: %#x, want %#x", v.iface, v.method, got, v.want)
		}
	}
}

func TestShortName(t *testing.T) {
	for iface, want := range map[string]string{
		"example.com/a/b/bank.Account": "bank.Account",
		"example.com/bank.Account":     "bank.Account",
		"io.Reader":                    "io.Reader",
		"main.Account":                 "main.Account",
		"":                             "",
		"example.com/":                 "",
	} {
		if got := proxy.ShortName(iface); got != want {
			t.Errorf("%q: %q, want %q", iface, got, want)
		}
	}
}

func TestFullName(t *testing.T) {
	if got := accountInterface.Methods[0].FullName(); got != "bank.Account.Deposit" {
		t.Errorf("got %q", got)
	}
}

// TestGenerations: generated files name these constants, so each has to stay,
// and to be a constant.
func TestGenerations(t *testing.T) {
	const all = proxy.SupportsGen1 && proxy.SupportsGen2
	if !all {
		t.Error("a generation of generated files is no longer supported")
	}
}
