package main

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// TestKilledAfterALookup: with default settings on one machine, what was looked up does
// not notice that the registry is killed, whatever the owner listens at.
func TestKilledAfterALookup(t *testing.T) {
	for name, listen := range map[string]string{"tcp": "tcp://127.0.0.1:0", "wildcard": "tcp://[::]:0", "unix": "unix://" + filepath.Join(t.TempDir(), "s")} {
		t.Run(name, func(t *testing.T) {
			p, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", "memory", "--log-level", "error")
			config := objects.Config{LocalCallsOnWire: true, Logger: slog.New(slog.DiscardHandler), AllowPlaintext: name == "wildcard"}
			owner, err := objects.Listen(t.Context(), listen, &config)
			if err != nil {
				t.Fatal(err)
			}
			defer owner.Close()
			names, err := registry.Dial(t.Context(), owner, url)
			if err != nil {
				t.Fatal(err)
			}
			bind(t, names, "a")
			user := client(t, url, &config)
			looked, err := registry.Lookup[registry.Watcher](t.Context(), user, "a")
			if err != nil {
				t.Fatal(err)
			}
			alive := objects.Alive(looked)
			p.Kill()
			if err := looked.Notify(t.Context(), nil); err != nil || alive.Err() != nil {
				t.Errorf("after the registry was killed: %v", err)
			}
		})
	}
}
