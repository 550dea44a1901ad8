package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// inspect prints the exported interfaces of an object as Go code.
func inspect(ctx context.Context, t *tool, args []string) error {
	names, err := t.names(ctx)
	if err != nil {
		return err
	}
	ref, err := names.LookupRef(ctx, args[0])
	if err != nil {
		return err
	}
	interfaces, err := objects.Describe(ctx, ref)
	if err != nil {
		return err
	}
	if t.format == "json" {
		return t.json(interfaces)
	}
	for i, d := range interfaces {
		if i > 0 {
			fmt.Fprintln(t.out)
		}
		printInterface(t, &d)
	}
	return nil
}

func printInterface(t *tool, d *objects.Descriptor) {
	path, name := d.Name, d.Name
	if dot := strings.LastIndexByte(d.Name, '.'); dot >= 0 {
		path, name = d.Name[:dot], d.Name[dot+1:]
	}
	fmt.Fprintf(t.out, "package %s // %s\n\n", proxy.ShortName(clean(path)), clean(path))
	comment(t, "", d.Doc)
	fmt.Fprintf(t.out, "type %s interface {\n", clean(name))
	for i := range d.Methods {
		comment(t, "\t", d.Methods[i].Doc)
		fmt.Fprintf(t.out, "\t%s\n", clean(d.Methods[i].Signature))
	}
	fmt.Fprintln(t.out, "}")
}

func comment(t *tool, indent, doc string) {
	if doc == "" {
		return
	}
	for line := range strings.SplitSeq(doc, "\n") {
		fmt.Fprintln(t.out, strings.TrimRight(indent+"// "+clean(line), " "))
	}
}
