package proxy_test

import (
	"context"
	"errors"

	"github.com/netobj/netobj/proxy"
)

// Account and Named are exported interfaces, with what objgen would write for
// them; it is written by hand here so that the package is tested without objgen.
type Account interface {
	Deposit(ctx context.Context, cents int64) (balance int64, err error)
	Same(ctx context.Context, other Account) (Account, error)
}

type Named interface {
	Name(ctx context.Context) (string, error)
}

// unexported has no generated code.
type unexported interface {
	Nothing(ctx context.Context) error
}

const _ = proxy.SupportsGen2

type AccountProxy proxy.Ref

var _ Account = (*AccountProxy)(nil)

func NewAccountProxy(ref *proxy.Ref) *AccountProxy { return (*AccountProxy)(ref) }

func (p *AccountProxy) ProxyRef() *proxy.Ref { return (*proxy.Ref)(p) }

func (p *AccountProxy) Deposit(ctx context.Context, cents int64) (balance int64, err error) {
	c := p.ProxyRef().Begin(ctx, &accountInterface.Methods[0])
	c.Args.Array(1)
	c.Args.Int(cents)
	c.Invoke()
	balance = c.Results.Next().Int64()
	return balance, c.End()
}

func serveAccountDeposit(ctx context.Context, object any, in *proxy.Incoming) error {
	cents := in.Args.Next().Int64()
	if err := in.Decoded(); err != nil {
		return err
	}
	balance, err := object.(Account).Deposit(ctx, cents)
	in.Results.Array(1)
	in.Results.Int(balance)
	return err
}

func (p *AccountProxy) Same(ctx context.Context, other Account) (r0 Account, err error) {
	c := p.ProxyRef().Begin(ctx, &accountInterface.Methods[1])
	c.Args.Array(1)
	proxy.PutRef(&c.Args, other)
	c.Invoke()
	r0 = proxy.GetRef[Account](c.Results.Next())
	return r0, c.End()
}

func serveAccountSame(ctx context.Context, object any, in *proxy.Incoming) error {
	other := proxy.GetRef[Account](in.Args.Next())
	if err := in.Decoded(); err != nil {
		return err
	}
	r0, err := object.(Account).Same(ctx, other)
	in.Results.Array(1)
	proxy.PutRef(&in.Results, r0)
	return err
}

var accountInterface = proxy.Register[Account](&proxy.Interface{
	Name: "example.com/bank.Account",
	Doc:  "Account is one customer's money.",
	View: func(ref *proxy.Ref) any { return NewAccountProxy(ref) },
	Methods: []proxy.Method{{
		Name:      "Deposit",
		Signature: "Deposit(ctx context.Context, cents int64) (balance int64, err error)",
		Params:    []proxy.Field{{Name: "cents", Type: "int64"}},
		Results:   []proxy.Field{{Name: "balance", Type: "int64"}},
		Serve:     serveAccountDeposit,
	}, {
		Name:      "Same",
		Signature: "Same(ctx context.Context, other Account) (Account, error)",
		Params:    []proxy.Field{{Name: "other", Type: "ref(example.com/bank.Account)"}},
		Results:   []proxy.Field{{Type: "ref(example.com/bank.Account)"}},
		Serve:     serveAccountSame,
	}},
})

// NamedProxy is as generation 1 wrote them.
type NamedProxy struct{ ref *proxy.Ref }

func (p *NamedProxy) ProxyRef() *proxy.Ref { return p.ref }

func (p *NamedProxy) Name(ctx context.Context) (r0 string, err error) {
	c := p.ref.Begin(ctx, &namedInterface.Methods[0])
	c.Args.Array(0)
	c.Invoke()
	r0 = c.Results.Next().String()
	return r0, c.End()
}

var namedInterface = proxy.Register[Named](&proxy.Interface{
	Name: "example.com/bank.Named",
	New:  func(ref *proxy.Ref) any { return &NamedProxy{ref} },
	Methods: []proxy.Method{{
		Name: "Name",
		Serve: func(ctx context.Context, object any, in *proxy.Incoming) error {
			if err := in.Decoded(); err != nil {
				return err
			}
			name, err := object.(Named).Name(ctx)
			in.Results.Array(1)
			in.Results.String(name)
			return err
		},
	}},
})

// account implements Account and Named, also as a nil pointer.
type account struct{ balance int64 }

var errOverdrawn = errors.New("overdrawn")

// Deposit returns the balance beside the error, as Go callers may expect.
func (a *account) Deposit(_ context.Context, cents int64) (int64, error) {
	if a == nil {
		return 0, errors.New("no account")
	}
	if a.balance+cents < 0 {
		return a.balance, errOverdrawn
	}
	a.balance += cents
	return a.balance, nil
}

func (a *account) Same(_ context.Context, other Account) (Account, error) { return other, nil }
func (a *account) Name(context.Context) (string, error)                   { return "account", nil }
