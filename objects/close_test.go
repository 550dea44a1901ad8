package objects_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/transport"
)

// TestCloseWaitsForNoHandshake closes a node while a peer that connected says
// nothing.
func TestCloseWaitsForNoHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := transport.NewPipeNet()
		node, err := objects.Listen(t.Context(), "pipe://server", &objects.Config{PipeNet: pipes, Logger: quiet.Logger})
		if err != nil {
			t.Fatal(err)
		}
		link, err := transport.Dial(t.Context(), "pipe://server", &transport.Config{PipeNet: pipes})
		if err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		begun := time.Now()
		if err := node.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("Close took %v", took)
		}
	})
}
