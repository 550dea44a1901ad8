// Package registry names objects: a program binds an object to a name, others
// look it up from anywhere, and get something that they can call.
//
//	names, err := registry.Dial(ctx, node, "")              // OBJREGISTRY, or tcp://127.0.0.1:7000
//	err = registry.Bind[bank.Account](ctx, names, "bank/alice", &account{})
//	alice, err := registry.Lookup[bank.Account](ctx, names, "bank/alice")
//
// A registry is an ordinary object: [Registry] is an interface run through
// objgen. The daemon cmd/objregistry serves one; so does any node that calls
// [Serve].
//
// # Names
//
// A name is a path such as "bank/alice", see [ValidateName]. It lives as long as
// its owner, the node that bound it. When the session with the owner ends, the name
// is unreachable: nobody can look it up, or bind it without [Rebind]. If the
// owner does not come back within the grace, 60 s by default, the name goes. The
// daemon, cmd/objregistry, gives up an owner that is without a connection for 5 s.
//
// The registry holds what is bound by reference, like any other holder, and
// gives it back when the name goes. It introduces those who look a name up to the
// owner: their calls go there directly, and do not notice that the registry ends. Where
// the owner listens nowhere or may not be dialled, see [objects.Direct], they pass through the
// registry's node, and what was looked up is lost with that. When the registry is away, names
// cannot be looked up. When it is back, clients bind
// their names anew by themselves. Should it be away for longer than a lease, see
// [objects.Config], nobody holds the objects but their owners, which are told so
// if they implement [objects.Unreferencer].
//
// # References that outlive their objects
//
// What [Lookup] returns ends with its object. [Rebinding] has the same form, and
// returns a T that looks its name up again when its object is gone:
//
//	alice, err := registry.Rebinding[bank.Account](ctx, names, "bank/alice")
//	balance, err := alice.Deposit(ctx, 500) // waits, if there is no object now
//	for change := range registry.Changes(ctx, alice) {
//		log.Println(change) // lost, found
//	}
//
// Calls that were not sent, and those of methods that are marked //objgen:idempotent,
// are made on the next object. Of those that may have run the caller hears
// [objects.ErrOutcomeUnknown]. How soon a server that crashed is given up says
// [objects.Config].Lease. On the owner's side, names are bound anew as ever, and a
// server that takes another one's place calls [Rebind].
//
// # Promises
//
// What [Bind], [Rebind] and [Unbind] acknowledge is in the [Store]: with
// boltstore it survives the death of the process and of the machine. A binding
// that was removed or replaced does not come back, even if its owner was away
// meanwhile; of [Bind] calls for the same name, one wins. Every operation takes
// effect at one moment between its call and its return.
//
// [Client.Watch] tells of changes. It loses none, or says so and begins anew.
//
// A principal, that is the owner of a TLS key or else a node, can bind [MaxNames]
// names with [MaxBytes] of text and keep [MaxWatches] watches. Everybody who reaches a registry may
// remove and replace every name: use TLS with client certificates, or a unix
// socket, where that matters.
package registry
