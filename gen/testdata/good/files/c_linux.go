//go:build linux && !never

package files

import "context"

//objgen:export
type Local interface {
	Fork(ctx context.Context, s Style) error
}
