// Package names does all it can to get in the way of generated names.
package names

import (
	"context"
	"net/url"
	"time"
)

// Declarations with the names that generated files like best.
type (
	proxy   struct{ N int }
	marshal map[string]proxy
	v       struct{ A, B proxy }
	e       int
	d       string
	encodeV struct{ Item v }
)

const (
	c, n     = 1, 2
	in       = "in"
	accounts = 3
)

func encodeProxy() {}

var accountInterface = 1

// Account has every kind of parameter name.
//
//objgen:export
type Account interface {
	Locals(ctx context.Context, p, c, e, d, v, n, i, object, in string) (err, key, value int, result error)
	Unnamed(context.Context, string, ...int) (int, *v, error)
	Blank(_ context.Context, _ string, _ int) (_ int, _ error)
	Predeclared(ctx context.Context, len []int, string string, nil *v, error map[string]int, int64 e, new d) (append []string, make map[string]v, panic error)
	Packages(ctx context.Context, url url.URL, time time.Duration, proxy proxy, marshal marshal, context string) (time.Duration, error)
	Types(ctx context.Context, a proxy, b marshal, item encodeV) ([]encodeV, error)
	Shadowed(account Account, Account Account) (accountInterface, v v, err error)
}

//objgen:export
type account interface {
	Types(ctx context.Context) error
}

// AccountTy and its method S meet serveAccountTypes.
//
//objgen:export
type AccountTy interface {
	Pes(ctx context.Context) error
}

var (
	_ = encodeProxy
	_ = accountInterface
	_ account
	_ = []any{c, n, in, accounts}
)
