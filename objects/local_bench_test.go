package objects_test

import (
	"context"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// BenchmarkLocal calls an object in this process: as plain Go, through a proxy
// directly, and on the wire of a pipe, which is a connection without a network.
func BenchmarkLocal(b *testing.B) {
	object := &thing{name: "root"}
	proxyOf := func(b *testing.B, kit *objtest.Kit) sample.Thing {
		server := kit.Node()
		if err := objects.Publish[sample.Thing](server, "thing", object); err != nil {
			b.Fatal(err)
		}
		far, err := objects.Open[sample.Thing](context.Background(), kit.Node(), server.Addrs()[0], "thing")
		if err != nil {
			b.Fatal(err)
		}
		return far
	}
	for name, of := range map[string]func(b *testing.B) sample.Thing{
		"plain":  func(*testing.B) sample.Thing { return object },
		"direct": func(b *testing.B) sample.Thing { return proxyOf(b, objtest.NewDirect(b, quiet)) },
		"wire":   func(b *testing.B) sample.Thing { return proxyOf(b, objtest.NewConfig(b, quiet)) },
	} {
		b.Run("add/"+name, func(b *testing.B) {
			far := of(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := far.Add(context.Background(), 1, 2); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("bytes1k/"+name, func(b *testing.B) {
			far, body := of(b), make([]byte, 1024)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := far.Bytes(context.Background(), body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
