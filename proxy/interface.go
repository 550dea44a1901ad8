package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"reflect"
)

// MethodID names a method on the wire: the first eight bytes, big endian, of
// SHA-256 over the interface's name, a dot and the method's name.
type MethodID uint64

// NewMethodID computes the id of the method called method of the interface
// called iface.
func NewMethodID(iface, method string) MethodID {
	sum := sha256.Sum256([]byte(iface + "." + method))
	return MethodID(binary.BigEndian.Uint64(sum[:8]))
}

// Interface describes one exported interface. objgen writes it; [Register]
// completes it. Afterwards it is read only.
type Interface struct {
	Name    string   // import path and type name: "example.com/bank.Account"
	Doc     string   // the interface's doc comment
	Methods []Method // sorted by name

	// View returns ref as the interface's proxy: the same pointer, under the
	// proxy's type. Files of generation 1 have New instead, which makes a proxy.
	View func(ref *Ref) any
	New  func(ref *Ref) any

	// Type is the Go interface, set by Register.
	Type reflect.Type
}

// Method describes one method of an exported interface.
type Method struct {
	Name      string
	Signature string // Go text, for people: "Deposit(ctx context.Context, cents int64) (int64, error)"
	Doc       string
	Params    []Field // what travels to the owner: no context
	Results   []Field // what travels back: no error

	// Inline says that the method never blocks (//objgen:inline): the runtime may
	// run it where it reads the connection.
	Inline bool

	// Idempotent says that the method may run more than once for one call
	// (//objgen:idempotent): a caller's runtime calls it again if its answer was lost.
	Idempotent bool

	// Serve decodes the arguments, calls the method on object and encodes the
	// results. It returns the method's error, or that of the arguments.
	Serve func(ctx context.Context, object any, in *Incoming) error

	ID        MethodID // set by Register
	Interface string   // name of the interface, set by Register
}

// proxy returns a proxy of ref.
func (i *Interface) proxy(ref *Ref) any {
	if i.View != nil {
		return i.View(ref)
	}
	return i.New(ref)
}

// FullName is the name that errors and logs show: "bank.Account.Deposit".
func (m *Method) FullName() string { return ShortName(m.Interface) + "." + m.Name }

// Field is one parameter or result: its Go name, empty if it has none, and its
// type in schema text (docs/PROTOCOL.md, "Descriptors").
type Field struct {
	Name string
	Type string
}

// ShortName cuts an interface name to package and type, as Go code would write
// it: "example.com/bank.Account" becomes "bank.Account".
func ShortName(iface string) string {
	for i := len(iface) - 1; i >= 0; i-- {
		if iface[i] == '/' {
			return iface[i+1:]
		}
	}
	return iface
}
