// Package proxy is the waist between generated code and the runtime: everything
// that a file written by objgen may call, and nothing else.
//
// Applications import it only by way of their generated files. The one type
// that user code may want by name is [Ref], the untyped handle of an object: a
// parameter of type *proxy.Ref accepts an object of any exported interface,
// which is how a registry stores objects whose Go types it never links.
//
// # One call
//
// A generated proxy method encodes its parameters into a [Call], which it got
// from the reference it stands for, and reads the results out of it:
//
//	c := p.ProxyRef().Begin(ctx, &accountInterface.Methods[0])
//	c.Args.Array(1)
//	c.Args.Int(cents)
//	c.Invoke()
//	balance = c.Results.Next().Int64()
//	return balance, c.End()
//
// Before, it asks for a [Direct] call, which there is when the object is another
// node's of this process:
//
//	if d := p.ProxyRef().Direct(ctx, &accountInterface.Methods[0]); d != nil {
//		defer d.End(&err)
//		return d.Object.(Account).Deposit(d.Context, cents)
//	}
//
// The serving side is the mirror image on an [Incoming]. Between the two stands
// package objects, which implements [Binding].
//
// # Names on the wire
//
// An interface is known by import path and type name, a method by the first
// eight bytes of SHA-256 over "interface.Method" ([MethodID]). A peer can
// therefore only choose among the methods that this program registered; no
// name that it sends selects a Go type.
//
// # Compatibility
//
// Generated files state the generation they were written for, see
// [SupportsGen2]. What they call keeps compiling and working.
package proxy
