package gen_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/netobj/netobj/gen"
)

// BenchmarkTwentyInterfaces is a run over a module with twenty interfaces in ten
// packages, as `objgen ./...` does it, with a warm build cache: at most a
// second.
func BenchmarkTwentyInterfaces(b *testing.B) {
	dir := b.TempDir()
	writeModule(b, dir, "example.com/bench")
	for i := range 10 {
		name := fmt.Sprintf("p%d", i)
		writeFile(b, filepath.Join(dir, name, name+".go"), []byte(fmt.Sprintf(benchSource, name)))
	}
	cfg := &gen.Config{Dir: dir, Patterns: []string{"./..."}}
	warm := func() {
		res, err := gen.Generate(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if len(res.Findings) > 0 || len(res.Files) != 10 {
			b.Fatalf("%d files, findings: %v", len(res.Files), res.Findings)
		}
		for _, f := range res.Files {
			if err := f.Write(); err != nil {
				b.Fatal(err)
			}
		}
	}
	warm()
	warm() // compiles what the first has generated
	for b.Loop() {
		warm()
	}
	if each := b.Elapsed() / time.Duration(b.N); each > time.Second {
		b.Errorf("a run takes %v", each)
	}
}

const benchSource = `package %s

import (
	"context"
	"net/url"
	"time"
)

//objgen:export
type Account interface {
	Deposit(ctx context.Context, cents int64) (balance int64, err error)
	Owner(ctx context.Context) (Customer, error)
	Items(ctx context.Context, since time.Time, more ...Item) (map[string][]Item, error)
	Close(ctx context.Context) error
}

//objgen:export
type Customer interface {
	Name(ctx context.Context) (string, error)
	Link(ctx context.Context, u *url.URL) (Account, error)
}

type Item struct {
	ID    int64
	Name  string
	Price float64
	Tags  map[string]string
}
`
