package gen

import (
	"go/token"
	"go/types"
)

// unit is what one objgen line generates in one package: everything marked, or
// what -type names. Units of a package are independent of one another, so that
// the order of their runs does not matter.
type unit struct {
	pkg     *source
	target  target
	types   []string // -type; nil: what is marked
	output  string   // -o; "": a file beside each source file
	prefix  string   // distinguishes the codecs of a unit with -type
	outputs []*output
}

// target is the package that the generated file belongs to.
type target struct {
	path, name, dir string
	types           *types.Package // nil for a package that is not loaded
}

// output is one generated file.
type output struct {
	path       string
	header     header
	constraint string // of the source file, for a //go:build line
	ifaces     []*iface
	errors     []*errorMark
	codecs     []*codec
}

// iface is an exported interface.
type iface struct {
	name    string // in Go
	full    string // on the wire
	typ     types.Type
	doc     string
	methods []*method // sorted by name
	pos     token.Pos

	proxy, newProxy, descriptor string // names in the generated file
}

// method is one method of an exported interface.
type method struct {
	name       string
	signature  string
	doc        string
	context    *param // nil: none
	params     []*param
	results    []*param // without the error
	err        *param
	variadic   bool
	inline     bool   // //objgen:inline
	idempotent bool   // //objgen:idempotent
	lend       bool   // //objgen:lend
	serve      string // name of the serving function
}

// param is a parameter or result.
type param struct {
	name  string // "" or "_" if it has none
	typ   types.Type
	shape *shape
}

// errorMark is a variable or type under //objgen:error.
type errorMark struct {
	name    string
	full    string
	typ     *shape // of a type; nil for a variable
	pointer bool   // the pointer is the error, not the value
}

// codec is the functions for one struct type, by their names.
type codec struct {
	shape          *shape
	encode, decode string
	copy           string // "" if it is never copied
}
