package registry

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netobj/netobj/proxy"
)

// The registry's answers. They are the same values on both sides, for
// errors.Is; what they are wrapped in names the name.
var (
	// ErrNotFound: nothing is bound under the name.
	//
	//objgen:error
	ErrNotFound = errors.New("name not bound")

	// ErrBound: the name is bound already. Rebind replaces it.
	//
	//objgen:error
	ErrBound = errors.New("name already bound")

	// ErrNameUnreachable: the name is bound, but its owner's connection is
	// lost. The owner may come back; if it does not, the name goes.
	//
	//objgen:error
	ErrNameUnreachable = errors.New("owner of the name unreachable")

	// ErrSpent: the binding was removed or replaced; its record id is not used
	// again.
	//
	//objgen:error
	ErrSpent = errors.New("binding was removed or replaced")

	// ErrTooManyNames: the caller has bound as many names as it may.
	//
	//objgen:error
	ErrTooManyNames = errors.New("too many names")

	// ErrTooManyWatches: the caller has as many watches as it may.
	//
	//objgen:error
	ErrTooManyWatches = errors.New("too many watches")
)

// NameError is a name or prefix that cannot be, see [ValidateName].
//
//objgen:error
type NameError struct {
	Name   string // cut and cleaned for printing
	Reason string
}

// Error returns name and reason.
func (e *NameError) Error() string {
	return fmt.Sprintf("%q is not a name: %s", e.Name, e.Reason)
}

// WrongInterfaceError is a name that is bound to an object without the
// interface wanted.
//
//objgen:error
type WrongInterfaceError struct {
	Name            string
	Bound           string // the interface that the object was bound as: import path and type name
	BoundSignature  string // its methods as Go text, one a line
	Wanted          string // the interface asked for
	WantedSignature string
}

// Error tells both interfaces with their methods.
func (e *WrongInterfaceError) Error() string {
	return fmt.Sprintf("lookup %q: bound as %s, wanted %s; ask for the interface that it is bound as", e.Name,
		interfaceText(e.Bound, e.BoundSignature), interfaceText(e.Wanted, e.WantedSignature))
}

func interfaceText(name, signature string) string {
	return fmt.Sprintf("%s { %s }", proxy.ShortName(name), strings.ReplaceAll(signature, "\n", "; "))
}

// signatureOf returns the methods of interface i as Go text, one a line.
func signatureOf(i *proxy.Interface) string {
	lines := make([]string, len(i.Methods))
	for k := range i.Methods {
		lines[k] = i.Methods[k].Signature
	}
	return strings.Join(lines, "\n")
}
