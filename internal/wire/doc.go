// Package wire holds the messages that two nodes exchange, one file each: the
// type, how it is appended to a buffer, and how it is parsed. docs/PROTOCOL.md
// describes them in prose, with the bytes of testdata/wire.
//
// Messages of the lane are CBOR arrays whose first element is the [Type].
// Elements are read by position: what an older node does not send reads as zero,
// what a newer one adds is skipped. The handshake comes before, in frames of its
// own (see [ReadHello]).
//
// Parsers bound everything before they allocate, and slices that they return are
// part of the message.
package wire
