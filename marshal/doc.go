// Package marshal turns Go values into CBOR (RFC 8949) and back, for generated
// code and for the runtime.
//
// Generated codecs call an [Encoder] and a [Decoder], without reflection, in
// append style; their bytes are those that fxamacker/cbor gives for the same
// values in core deterministic form. That library itself encodes what generated
// code cannot know: values of type any, and types with marshalers of their own.
//
// # References
//
// An object that is passed by reference stands in the message's reference table,
// a list of [Slot]; the payload holds its index. What the table's entries mean
// is the runtime's business.
//
// # Compatibility
//
// Parameters, results and toarray structs are tuples that are read element by
// element: what an older sender does not send reads as zero, what a newer one
// adds is skipped. Structs are maps; unknown keys are skipped, missing ones leave
// zero. Null reads as the zero value of any type.
//
// # Limits
//
// [Check] looks at a whole message once, before anything is decoded or
// allocated: it must be well formed, of definite lengths, without duplicate keys
// and within [Limits]. Decoded values are then paid for from a [Budget], before
// they are allocated. The same limits hold for the sender, so that what a peer
// would refuse fails locally, with an [Error] that names the place.
//
// # Errors
//
// A Go error travels as a tree of what it wraps. Registered sentinels and types
// arrive as what they were, all others as [RemoteError] with text and chain, so
// that errors.Is and errors.As work across the wire. A tree is cut where it is too
// deep, too wide or too long, with those inside the fields of errors. No name that is received
// ever selects a type that this program did not register.
package marshal
