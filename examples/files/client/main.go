// The client copies a file of the server under another name, piece by piece,
// through this process, and prints its SHA-256.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/netobj/netobj/examples/files"
	"github.com/netobj/netobj/objects"
)

func main() {
	server := flag.String("server", "tcp://127.0.0.1:7071", "the server's address")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: client [-server URL] FROM TO")
		os.Exit(2)
	}
	if err := run(context.Background(), *server, flag.Arg(0), flag.Arg(1)); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, server, from, to string) error {
	node := objects.NewNode(nil)
	defer node.Close()
	folder, err := objects.Open[files.Folder](ctx, node, server, "folder")
	if err != nil {
		return err
	}
	source, err := folder.Open(ctx, from)
	if err != nil {
		return err
	}
	defer objects.Release(source) // soon, rather than at the next garbage collection
	target, err := folder.Create(ctx, to)
	if err != nil {
		return err
	}
	defer objects.Release(target)
	return copyFile(ctx, target, source)
}

func copyFile(ctx context.Context, target, source files.File) error {
	size, err := source.Size(ctx)
	if err != nil {
		return err
	}
	sum := sha256.New()
	for offset := int64(0); offset < size; {
		piece, err := source.ReadAt(ctx, offset, files.MaxRead)
		if err != nil {
			return err
		}
		if err := target.WriteAt(ctx, offset, piece); err != nil {
			return err
		}
		sum.Write(piece)
		offset += int64(len(piece))
	}
	fmt.Printf("copied %d bytes, SHA-256 %x\n", size, sum.Sum(nil))
	return nil
}
