package marshal_test

import (
	"errors"
	"fmt"
	"io"

	"github.com/netobj/netobj/marshal"
)

// Generated code writes parameters as one tuple and reads them one by one.
func Example() {
	var e marshal.Encoder
	e.Reset(nil) // the default limits
	e.Array(2)
	e.Int(500)
	e.String("alice")
	fmt.Printf("%x\n", e.Data())

	var d marshal.Decoder
	d.Reset(e.Data(), nil, nil, nil)
	d.Tuple()
	fmt.Println(d.Next().Int64(), d.Next().String())
	fmt.Println(d.Next().Bool()) // a parameter that this sender does not know
	fmt.Println(d.End())
	// Output:
	// 821901f465616c696365
	// 500 alice
	// false
	// <nil>
}

// An error travels with what it wraps. Where the types are not known, the text
// stays, and registered errors are found in it.
func ExampleEncoder_Error() {
	var e marshal.Encoder
	e.Reset(nil)
	e.Error(fmt.Errorf("reading page 7: %w", io.ErrUnexpectedEOF))

	var d marshal.Decoder
	d.Reset(e.Data(), nil, nil, nil)
	err := d.Error()
	fmt.Println(err)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output:
	// reading page 7: unexpected EOF
	// true
}

// Check looks at a whole message before anything of it is decoded.
func ExampleCheck() {
	err := marshal.Check([]byte{0x9f, 0x01, 0xff}, nil) // a list of indefinite length
	fmt.Println(err)
	// Output:
	// indefinite lengths are not allowed
}
