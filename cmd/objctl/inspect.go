package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/netobj/netobj/internal/schema"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

const inspectHelp = `
The object's owner describes it: interfaces with their methods and docs, and the
structs of parameters and results, with the keys that they have in JSON.
`

// inspect prints the exported interfaces of an object as Go code.
func inspect(ctx context.Context, t *tool, args []string) error {
	ref, err := t.object(ctx, args[0])
	if err != nil {
		return err
	}
	interfaces, err := objects.Describe(ctx, ref)
	if err != nil {
		return err
	}
	if t.format == "json" {
		return t.json(descriptions(interfaces))
	}
	for i := range interfaces {
		if i > 0 {
			fmt.Fprintln(t.out)
		}
		printInterface(t.out, &interfaces[i])
		if err := printStructs(t.out, &interfaces[i]); err != nil {
			return err
		}
	}
	return nil
}

func printInterface(out io.Writer, d *objects.Descriptor) {
	path, name := d.Name, d.Name
	if dot := strings.LastIndexByte(d.Name, '.'); dot >= 0 {
		path, name = d.Name[:dot], d.Name[dot+1:]
	}
	fmt.Fprintf(out, "package %s // %s\n\n", proxy.ShortName(clean(path)), clean(path))
	comment(out, "", d.Doc)
	fmt.Fprintf(out, "type %s interface {\n", clean(name))
	for i := range d.Methods {
		comment(out, "\t", d.Methods[i].Doc)
		fmt.Fprintf(out, "\t%s\n", clean(d.Methods[i].Signature))
	}
	fmt.Fprintln(out, "}")
}

func comment(out io.Writer, indent, doc string) {
	if doc == "" {
		return
	}
	for line := range strings.SplitSeq(doc, "\n") {
		fmt.Fprintln(out, strings.TrimRight(indent+"// "+clean(line), " "))
	}
}

// printStructs prints the structs that values of the interface's methods have,
// field by field as their JSON does.
func printStructs(out io.Writer, d *objects.Descriptor) error {
	var structs []*schema.Type
	for _, m := range d.Methods {
		for _, f := range slices.Concat(m.Params, m.Results) {
			t, err := schema.Parse(f.Type)
			if err != nil {
				return err
			}
			structs = collect(structs, t)
		}
	}
	for _, s := range structs {
		printStruct(out, s)
	}
	return nil
}

func printStruct(out io.Writer, s *schema.Type) {
	full := clean(s.Go())
	name := full[strings.IndexByte(full, '.')+1:]
	fmt.Fprintf(out, "\n// In JSON, %s has these keys.\ntype %s struct {\n", full, name)
	width := 0
	for _, f := range s.Fields {
		width = max(width, len(strconv.Quote(f.Name)))
	}
	for _, f := range s.Fields {
		fmt.Fprintf(out, "\t%-*s %s\n", width, clean(strconv.Quote(f.Name)), clean(f.Type.Go()))
	}
	fmt.Fprintln(out, "}")
}

// collect appends the named structs in t that are not there yet.
func collect(found []*schema.Type, t *schema.Type) []*schema.Type {
	if t == nil {
		return found
	}
	if len(t.Fields) > 0 && t.Name != "" {
		if slices.ContainsFunc(found, func(s *schema.Type) bool { return s.Name == t.Name }) {
			return found
		}
		found = append(found, t)
	}
	found = collect(collect(found, t.Key), t.Elem)
	for _, f := range t.Fields {
		found = collect(found, f.Type)
	}
	return found
}

// description is what JSON output shows of an interface.
type description struct {
	Name    string              `json:"name"` // import path and type name
	Doc     string              `json:"doc"`
	Methods []methodDescription `json:"methods"`
}

type methodDescription struct {
	Name      string             `json:"name"`
	Signature string             `json:"signature"` // Go text
	Doc       string             `json:"doc"`
	Params    []fieldDescription `json:"params"`
	Results   []fieldDescription `json:"results"`
}

type fieldDescription struct {
	Name string `json:"name"`
	Type string `json:"type"` // schema text, docs/PROTOCOL.md
}

func descriptions(interfaces []objects.Descriptor) []description {
	all := make([]description, len(interfaces))
	for i, d := range interfaces {
		all[i] = description{d.Name, d.Doc, make([]methodDescription, len(d.Methods))}
		for k, m := range d.Methods {
			all[i].Methods[k] = methodDescription{m.Name, m.Signature, m.Doc, fieldDescriptions(m.Params), fieldDescriptions(m.Results)}
		}
	}
	return all
}

func fieldDescriptions(fields []objects.FieldDescriptor) []fieldDescription {
	all := make([]fieldDescription, len(fields))
	for i, f := range fields {
		all[i] = fieldDescription(f)
	}
	return all
}
