// Package foreign uses types of other packages by value.
package foreign

import (
	"context"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/netobj/netobj/gen/testdata/good/foreign/other"
)

// Net is a bag of types from elsewhere.
//
//objgen:export
type Net interface {
	Std(ctx context.Context, t time.Time, d time.Duration, u *url.URL, a netip.AddrPort, h http.Header, l slog.Level) (time.Month, net.IP, *net.IPNet, error)
	Big(ctx context.Context, a big.Int, b *big.Int, f *big.Float, many []*big.Int, by map[string]big.Int) (*big.Rat, error)
	Other(ctx context.Context, s other.Struct, o *other.Object, id other.ID, m other.Money, c http.Cookie) (other.Watcher, error)
}
