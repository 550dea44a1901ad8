// Package objects passes Go objects between processes by reference.
//
// An object is an ordinary Go value with methods. Its interface is marked
// //objgen:export, and objgen writes the code that carries calls; see package
// gen. A process takes part with a [Node]: it may listen, dial, or both, and has
// one connection with each other node, which carries calls in both directions.
//
//	node, err := objects.Listen(ctx, "tcp://127.0.0.1:7070", nil)
//	err = objects.Publish[bank.Account](node, "alice", &account{})
//
//	node := objects.NewNode(nil) // elsewhere
//	alice, err := objects.Open[bank.Account](ctx, node, "tcp://127.0.0.1:7070", "alice")
//	balance, err := alice.Deposit(ctx, 500)
//
// [Publish] and [Open] are how a first object is reached when the address is
// known. Package registry finds objects by name alone. All others come as
// arguments and results.
//
// # References
//
// A parameter or result of an exported interface type passes the object by
// reference, also within structs, slices, arrays, map values and pointers;
// everything else is copied. The receiver gets a proxy, which implements the
// same interface. The same object received twice is the same proxy (==), and a
// reference that comes home to its owner is the original Go value. Nil stays nil.
// An object with several exported interfaces is one object: [As] gives another of
// its interfaces.
//
// A proxy may be passed on to a third process. That one claims the object from its
// owner, over a connection of its own, and the process in between may end; the first
// call waits for it, 2 s at most. Where the owner listens nowhere, cannot be reached, or may
// not be dialled (see [Config] DialPolicy), calls go through the process that passed the
// object on, and the reference ends with that process. [Direct] tells which it is. Passed
// by several processes at the same moment, an object may have as many proxies.
//
// # Calls
//
// A call's deadline and cancellation reach the context of the method, and the
// caller never waits longer than its own context. Calls on one reference are
// delivered in the order in which they were made; none waits for
// another to return, so methods must be safe for concurrent use. A method may call back
// into its caller, to any depth. [PeerFrom] tells a method who calls. A method
// that panics gives its caller [ErrPanic]; the process lives on.
//
// A call between two nodes of one process does not travel: the method runs in the
// caller's goroutine, with copies of what both could change. The caller then does
// wait for the method; see [Config] LocalCallsOnWire.
//
// # Lifetimes
//
// The owner of an object counts the references that it gave away. A holder gives
// a reference back when its garbage collector finds that no proxy is left, or at
// once by [Release], or at the end of a [Scope]. When the last one is back, the object is no longer held by
// the node, and its Unreferenced method is called if it has one (see
// [Unreferencer]). An object that ends before its holders let go of it is made
// useless to them by [Disown], or by its own limit (see [IdleLimiter]).
//
// A session outlives its connections. When one breaks, the side that dialled dials
// again; references stay good, and calls wait, no longer than their contexts. A call
// that was under way runs once: if the peer has not seen it, it is sent again, before
// all that are made later; if it runs, its answer comes on the next connection; an answer
// that was lost is sent once more. The owner keeps it for that until it knows that it has
// come, within Limits.Answers and AnswerBytes; beyond those the caller gets
// [ErrOutcomeUnknown], unless the method is marked //objgen:idempotent: then it is called
// again. A session without a connection for
// Config.Lease, or whose peer restarted, ends: its references fail from then on,
// [Alive] tells of it as it happens, and the owner drops what the lost peer held. Cycles of
// references between processes are not collected: one of them must be released, or be a
// [WeakRef]. docs/LIFETIMES.md in the repository says what happens when, event by event.
//
// # Errors
//
// The error of a method reaches the caller as it is: sentinels and types marked
// //objgen:error, and common ones of the standard library, are found by errors.Is
// and errors.As in the whole tree of what was wrapped; others keep their text. All
// other errors are of type [*Error]. [OutcomeOf] says whether the method may have
// run: [NotSent], [OutcomeUnknown] or [FailedThere].
//
//	ErrGone             its owner ended, restarted or disowned it; look it up again
//	ErrReleased         this process released it
//	ErrClosed           this node, or the owner's, is closing
//	ErrUnreachable      no connection; dial again
//	ErrNoSuchObject     nothing is published under that name
//	ErrNoSuchMethod     the owner's interface is older or newer
//	ErrNoSuchInterface  the object does not implement what was asked for
//	ErrLimit            more than one side allows; the text names the limit
//	ErrBadArguments     arguments that cannot be encoded or decoded
//	ErrBadResults       results that cannot be encoded or decoded
//	ErrPanic            the method panicked; the stack is in the owner's log
//	ErrVersion          the two nodes have no protocol version in common
//	ErrRefused          the peer refused the connection, with its reason
//	ErrProtocol         what answers is no node, or broke the protocol
//	ErrUnsupported      the peer does not know what was asked
//	ErrNotExported      no exported interface describes the value or type
//	ErrAddress          an address that cannot be used
//	ErrTaken            another object is published under that name
//	ErrOutcomeUnknown   beside another of these: the method may have run; find out before
//	                    calling again
//	ErrForbidden        the peer does not let this node do it, see Config.Inspect
//
// The error of a call that its context ended wraps the context's cause:
// context.Canceled or context.DeadlineExceeded, if the program gave no other.
//
// # Limits and safety
//
// Whatever a peer sends is bounded before it is decoded: see [Limits], whose zero
// value means the defaults. The sender checks the limits that both agreed on, so
// that an error is local and names argument and limit. A peer that breaks the
// protocol loses its session and leaves a line in the log; others do not notice.
//
// Plaintext is spoken on loopback and unix sockets; beyond the machine addresses
// are tls://, or Config.AllowPlaintext is set. The package repeats no call that
// may have run, except those of idempotent methods.
//
// # Looking inside
//
// [Node.Stats] counts what a node holds, and [Snapshot] lists it: who holds which
// object, since when, and when it was last called. [Inspect] does so for another
// node, which by default tells those on its own machine alone; see Config.Inspect.
// Config.ProfileExports lets the pprof profile "netobj_exports" show which code
// passed what is held.
//
// Package objtest runs nodes in memory, for tests.
package objects
