// The server offers one folder of its disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/examples/files"
	"github.com/netobj/netobj/objects"
)

func main() {
	listen := flag.String("listen", "tcp://127.0.0.1:7071", "where to listen")
	path := flag.String("folder", ".", "the folder to serve")
	lease := flag.Duration("lease", time.Minute, "how long the files of a client that vanished stay open")
	flag.Parse()
	if err := run(*listen, *path, *lease); err != nil {
		log.Fatal(err)
	}
}

func run(url, path string, lease time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root, err := os.OpenRoot(path) // names cannot lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	node, err := objects.Listen(ctx, url, &objects.Config{Lease: lease})
	if err != nil {
		return err
	}
	defer node.Close()
	if err := objects.Publish[files.Folder](node, "folder", &folder{root: root}); err != nil {
		return err
	}
	fmt.Println("serving", path, "at", node.Addrs()[0])
	<-ctx.Done()
	return nil
}

// folder is the real thing behind files.Folder.
type folder struct {
	root *os.Root
	open atomic.Int64 // files
}

// Open implements files.Folder.
func (d *folder) Open(_ context.Context, name string) (files.File, error) {
	return d.handle(d.root.Open(name))
}

// Create implements files.Folder.
func (d *folder) Create(_ context.Context, name string) (files.File, error) {
	return d.handle(d.root.Create(name))
}

func (d *folder) handle(f *os.File, err error) (files.File, error) {
	if err != nil {
		return nil, err
	}
	fmt.Printf("opened %s, %d open\n", filepath.Base(f.Name()), d.open.Add(1))
	return &file{folder: d, file: f}, nil
}

// file is the real thing behind files.File.
type file struct {
	folder *folder
	file   *os.File
}

// Unreferenced runs when the last client that held the file has let go of it, or
// is gone.
func (f *file) Unreferenced() {
	f.file.Close()
	fmt.Printf("closed %s, %d open\n", filepath.Base(f.file.Name()), f.folder.open.Add(-1))
}

// Size implements files.File.
func (f *file) Size(context.Context) (int64, error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// ReadAt implements files.File.
func (f *file) ReadAt(_ context.Context, offset int64, n int) ([]byte, error) {
	buf := make([]byte, max(0, min(n, files.MaxRead)))
	read, err := f.file.ReadAt(buf, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return buf[:read], err
}

// WriteAt implements files.File.
func (f *file) WriteAt(_ context.Context, offset int64, data []byte) error {
	_, err := f.file.WriteAt(data, offset)
	return err
}
