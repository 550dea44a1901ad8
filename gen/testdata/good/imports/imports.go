// Package imports imports in every way there is.
package imports

import (
	. "context" //lint:ignore ST1001 objgen has to cope
	_ "net/http/pprof"
	text "net/url"

	first "github.com/netobj/netobj/gen/testdata/good/imports/a/item"
	"github.com/netobj/netobj/gen/testdata/good/imports/b/item"
	. "github.com/netobj/netobj/gen/testdata/good/imports/dotted" //lint:ignore ST1001 objgen has to cope
	"github.com/netobj/netobj/gen/testdata/good/imports/odd-name"
)

// Shop has parameters of all these packages.
//
//objgen:export
type Shop interface {
	Get(ctx Context, u *text.URL) (first.Item, item.Item, error)
	Put(ctx Context, a []first.Item, b map[string]item.Item, d Dotted, o odd.Odd) error
}
