// Package registry finds objects by name.
//
// A server binds an object to a name, a client looks it up and gets it as a Go
// interface:
//
//	names, err := registry.Dial(ctx, node, "") // $OBJREGISTRY, or the default address
//	err = registry.Bind[bank.Account](ctx, names, "bank/alice", &account{})
//
//	alice, err := registry.Lookup[bank.Account](ctx, names, "bank/alice") // elsewhere
//
// Names are paths of valid UTF-8, see [ValidateName]. [Bind] fails with [ErrBound]
// for a name that is taken; [Rebind] takes it. [Client.List] lists, and
// [Client.Watch] tells of every change.
//
// # How long a name lives
//
// A name lives as long as its owner's node. When the connection with the owner is
// lost, the name is unreachable: look-ups fail with [ErrNameUnreachable], and
// watchers are told. If the owner does not come back within the registry's grace,
// 60 s if not set, the name is unbound. A client that bound names finds the
// registry again after a restart and binds them anew; what was removed or replaced
// meanwhile stays so.
//
// The registry holds a bound object by a reference like any other, so that the
// object lives while its name does. Calls on an object that was looked up pass
// through the registry's node; when that ends, look the name up again.
//
// # Running one
//
// The command objregistry is a registry with names in a file. Any node can be
// one, too:
//
//	server, err := registry.Serve(node, nil)
//
// [Registry] is itself an exported interface and the server an ordinary object. A
// [Store] keeps the names: [NewMemoryStore], package boltstore, or one that passes
// package storetest.
//
// # Limits
//
// One principal, the owner of a TLS key or else a node, may bind [MaxNames] names
// and have [MaxWatches] watches; a name has at most [MaxName] bytes. Anybody who can
// connect may look up, bind and remove names: access is up to the address and to
// TLS client certificates.
package registry
