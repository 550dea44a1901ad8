// Package gen2 is a user's package from the time of generation 2. Its generated
// file is frozen: it must compile and pass its test for ever, whatever objgen
// writes today. Never run objgen here, and never edit gen2_obj.go.
package gen2

import (
	"context"
	"errors"
	"math/big"
	"net/url"
	"time"

	"github.com/netobj/netobj/proxy"
)

// ErrNoMoney is a sentinel.
//
//objgen:error
var ErrNoMoney = errors.New("no money")

// NotFound is an error type.
//
//objgen:error
type NotFound struct {
	Name  string
	Cause error
}

func (n *NotFound) Error() string { return n.Name + " not found" }

// Unwrap returns the cause.
func (n *NotFound) Unwrap() error { return n.Cause }

// Code is an error type that is a number.
//
//objgen:error
type Code int

func (c Code) Error() string { return "code" }

// Item has a field of every shape.
type Item struct {
	ID      int64
	Small   uint8             `cbor:"1,keyasint"`
	Name    string            `cbor:"name,omitempty"`
	Price   float64           `json:"price"`
	Tags    map[string][]Tag  `cbor:"tags"`
	Grid    [2][3]int16       `cbor:"grid"`
	Raw     []byte            `cbor:"raw"`
	Hash    [4]byte           `cbor:"hash"`
	Since   time.Time         `cbor:"since,omitzero"`
	For     time.Duration     `cbor:"for"`
	Link    *url.URL          `cbor:"link"`
	Big     *big.Int          `cbor:"big"`
	Any     any               `cbor:"any"`
	Err     error             `cbor:"err"`
	Owner   Customer          `cbor:"owner"`
	Friends map[string]Friend `cbor:"friends"`
	Pair    Pair              `cbor:"pair"`
	Next    *Base             `cbor:"next"`
	Base
}

// Tag is a named text.
type Tag string

// Friend holds a reference.
type Friend struct{ Customer Customer }

// Base is embedded.
type Base struct{ Created, Changed int }

// Pair is an array.
type Pair struct {
	_     struct{} `cbor:",toarray"`
	Key   string
	Value float32
}

// Numbers has numbers for keys.
type Numbers struct {
	A int  `cbor:"1,keyasint"`
	B bool `cbor:"2,keyasint,omitempty"`
}

// Account is one customer's money.
//
//objgen:export
type Account interface {
	// Deposit adds cents and returns the new balance.
	Deposit(ctx context.Context, cents int64) (balance int64, err error)
	// Owner returns the customer, as a reference.
	Owner(ctx context.Context) (Customer, error)
	// Swap gives items back.
	Swap(ctx context.Context, i Item, n *Numbers, more ...Item) (Item, *Numbers, []Item, error)
	// Handle gives a reference back.
	Handle(ctx context.Context, r *proxy.Ref) (*proxy.Ref, error)
	// Fail fails with why.
	Fail(ctx context.Context, why error) error
	// Weigh is lent its bytes.
	//
	//objgen:lend
	Weigh(ctx context.Context, body []byte) (int, error)
	// Balance runs on the reader.
	//
	//objgen:inline
	Balance(ctx context.Context) (int64, error)
	// Close has no context.
	Close() error
}

// Customer is a person.
//
//objgen:export
type Customer interface {
	// Name returns the name.
	Name(ctx context.Context) (string, error)
}
