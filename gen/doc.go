// Package gen is objgen as a library: it reads Go interfaces marked
// //objgen:export and writes the code that carries their calls between
// processes.
//
// # What it does
//
// A run has four steps. It loads all packages at once (one `go list`), types of
// dependencies from export data, the packages with marks from source. It makes a
// model of the marked interfaces and of the types that travel. It checks that
// everything can travel, and reports all that cannot, with position, cause and
// remedy. It renders one file for each source file with marks. [Generate] does
// these steps and touches no file; [File.Write] replaces one as a whole.
//
// The package under work may not compile: its code names the proxies that are
// about to be generated, and the files of an earlier run may be stale or broken.
// Those files are left out when types are checked, function bodies are ignored,
// and type errors count only where they touch an exported interface.
//
// # Marks
//
// A mark is a comment line on its own above a declaration, without a space behind
// the slashes:
//
//	//objgen:export   on an interface: generate code; pass its values by reference
//	//objgen:error    on a package variable or an error type: the same for errors.Is
//	                  and errors.As in every process that links the package
//
// and above a method of an interface:
//
//	//objgen:idempotent  the method may run again if its answer was lost
//	//objgen:inline      it never blocks: it may run where the connection is read
//	//objgen:lend        its []byte parameters are lent to it for the call, not copied
//
// Any other //objgen: comment is a finding, so that a typing error is not
// overlooked. Interfaces may also be named by [Config] Types, those of other packages
// too.
//
// # Methods
//
// A method may take a context.Context first, then any parameters, the last perhaps
// variadic, and returns any results with an error last. Embedded interfaces count
// with their methods. Generated code keeps parameter names and doc comments.
//
// A parameter or result that is added at the end later, or a field of a struct, is
// zero when an older peer sends, and skipped when it receives. A method is known by
// its name.
//
// # Directives on methods
//
// A directive belongs to the method's declaration; interfaces that embed it have
// it too. It changes how the method is called or served, not what travels: caller and
// owner need not agree on it.
//
// idempotent is for methods that may run twice for one call with the effect of once:
// those that read, or set something to a given value. When the connection broke while
// an answer was on its way, and the owner had no room to keep that, it is not known
// what the method did. The caller's runtime then calls it again, within the caller's
// context, as long as the session with the owner goes on; calls of other methods fail
// with objects.ErrOutcomeUnknown. The mark of the caller's process counts.
//
// inline is for methods that return at once: those that read a field, count, or
// look something up. The method runs on the goroutine that reads its caller's
// connection, where everything else that comes from this peer waits meanwhile. It
// must not make calls through proxies, as their answers may come that way; it must
// not wait for channels, files or networks, and hold a lock only where nobody else
// holds it for long. The runtime may run it elsewhere at any time. One that takes
// longer than a limit is named in the log, once; in a process that is short of CPU this
// may be one that was set aside.
//
// lend is for methods that use bytes and do not keep them. Parameters of type
// []byte, or a type made of it, ...byte too, are then part of the message and
// not copied; those inside of structs, slices and maps are copied as ever. The
// method may read them until it returns, and return them or a part as a result. It
// must not keep them, read them from a goroutine that outlives the call, or write
// to them: when the call is made in the owner's process, they are the
// caller's own. Nodes of package objtest overwrite lent memory after the call, so
// that a test finds a method that keeps it.
//
// # What travels how
//
// A value of an exported interface travels by reference, wherever it stands except
// as a map key. Everything else is copied, in the encoding that fxamacker/cbor gives
// it, with the options of `cbor` tags, else of `json` tags; the generated functions
// write and read it without reflection. Types with CBOR, binary or text marshalers
// of their own are left to these.
//
// # Limits
//
// Channels, functions, complex numbers, generic interfaces and value types that
// contain themselves are refused. A struct without an exported field is refused
// too, as its value would be lost, and so is a method that fills its caller's slice
// like that of io.Reader: the callee has a copy. gen knows the runtime by import path only, and
// imports none of it.
package gen
