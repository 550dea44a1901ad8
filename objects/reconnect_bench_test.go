package objects_test

import (
	"context"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// BenchmarkReconnect breaks the TCP connection of a session in which a million
// references are held, and makes a call. The pause before the dial, 50 ms in the mean,
// counts.
func BenchmarkReconnect(b *testing.B) {
	const references = 1_000_000
	kit := objtest.NewConfig(b, roomy())
	server, client := kit.NodeAt("tcp://127.0.0.1:0"), kit.Node()
	h := &hoard{}
	if err := objects.Publish[sample.Thing](server, "hoard", h); err != nil {
		b.Fatal(err)
	}
	breaker := newBreaker(b, server.Addrs()[0])
	far, err := objects.Open[sample.Thing](context.Background(), client, "tcp://"+breaker.Addr().String(), "hoard")
	if err != nil {
		b.Fatal(err)
	}
	fill(b, far, references)
	for b.Loop() {
		breaker.cut()
		if _, err := far.Deadline(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/reconnect")
	if n := client.Stats().Exports; n != references || len(h.kept) != references {
		b.Errorf("%d objects are exported, %d references held", n, len(h.kept))
	}
	breaker.Close()
	breaker.cut()
	breaker.tasks.Wait()
}
