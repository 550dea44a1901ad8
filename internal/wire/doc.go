// Package wire holds the messages that two nodes exchange, one file each: the
// type, how it is appended to a buffer, and how it is parsed. docs/PROTOCOL.md
// describes them in prose, with the bytes of testdata/wire.
//
// Messages of the lane are CBOR arrays whose first element is the [Type].
// Elements are read by position. Those of version 1 must be there; a later version
// adds its own at the end, which an older one skips, and reads them as zero where
// an older one does not send them. The handshake comes before, in frames of its own
// (see [ReadHello]).
//
// Parsers bound everything before they allocate, and slices that they return are
// part of the message.
package wire
