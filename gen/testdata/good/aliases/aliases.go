// Package aliases spells types in other ways.
package aliases

import (
	"context"
	"time"

	"github.com/netobj/netobj/gen/testdata/good/aliases/other"
)

type (
	// Cents is an amount.
	Cents = int64
	// Moment is a time.
	Moment = time.Time
	// Account is an interface by another name.
	Account = account
	// Ctx is a context.
	Ctx = context.Context
	// Items is a list by another name.
	Items = []Item
	// Point is a struct without a name of its own.
	Point = struct{ X, Y int }
	// Text is text.
	Text string
	// Words is made of a named type.
	Words []Text
)

// Item is an item.
type Item struct {
	Price Cents
	Since Moment
	At    Point
}

//objgen:export
type account interface {
	Pay(ctx Ctx, amount Cents, when Moment) (Account, error)
	List(ctx Ctx, items Items, at Point) (Items, *Point, error)
	Say(ctx Ctx, t Text, w Words, by map[Text]Words) (Text, Words, error)
	Far(ctx Ctx, p other.Public, q other.Peer) (other.Number, error)
}
