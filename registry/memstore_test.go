package registry_test

import (
	"testing"

	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Opener {
		return storetest.Opener{Open: func() (registry.Store, error) { return registry.NewMemoryStore(), nil }}
	})
}
