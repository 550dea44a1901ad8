package loopback

import (
	"context"
	"fmt"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// DirectRef returns a reference whose proxies call object directly, as one that
// another node of the process owns. References pass as they are.
func DirectRef(object any) *proxy.Ref {
	return proxy.NewRef("loopback", directBinding{binding{object: object}})
}

type directBinding struct{ binding }

// Direct returns a direct call.
func (b directBinding) Direct(ctx context.Context, _ *proxy.Method) *proxy.Direct {
	d := new(proxy.Direct)
	d.Init(ctx, b.object, nil, Runner{})
	return d
}

// Runner ends direct calls as a runtime does, with errors of a few words.
type Runner struct{}

// Carry leaves references as they are.
func (Runner) Carry(slots []marshal.Slot, _ bool) ([]marshal.Slot, error) { return slots, nil }

// Return makes an error of what ended the call.
func (Runner) Return(err error, panicked any) error {
	switch p := panicked.(type) {
	case nil:
		return err
	case *proxy.CopyError:
		return fmt.Errorf("results %t, %d: %w", p.Results, p.Index, p.Err)
	}
	return fmt.Errorf("panic: %v", panicked)
}
