// Package transport carries the bytes between two nodes: an ordered lane of
// messages, and bulk bodies beside it that never delay the lane.
//
// A [Link] is a connection as it was dialled or accepted, by the scheme of its
// URL: tcp://host:port, tls://host:port, unix:///path, or pipe://name within the
// process. The handshake of package objects runs on it; then Open makes a [Conn]
// of it. Plaintext leaves the machine only where Config.AllowPlaintext says so.
//
// # The lane
//
// On the network a Conn is a session of hashicorp/yamux, and the lane is its
// stream 1: messages, each behind its length as a uvarint. Many callers share
// it. They append to one buffer, and whoever finds nobody writing starts a
// writer; what gathers during one write leaves with the next. There is no stream
// per call. The frames of that stream are written and read past yamux's queues and
// goroutines, unless Config.ThroughYamux says otherwise; any yamux can be at
// the other end.
//
// # Bulk bodies
//
// Large bodies travel on streams of their own, in chunks, and the streams are
// used again. Their frames pass yamux by as the lane's do: a body is read from the
// network into the memory that the handler gives for it. A stalled body is given up;
// the lane does not notice.
//
// # What yamux does by default
//
// Between yamux and the network stands a conn of ours. It joins each frame's
// header and body in one write, writes with deadlines, reads into a large
// buffer, and guards the frames: a flood of pings, streams or resets, too many
// streams at once or unread bytes on them, a stream number of the wrong side, or
// a frame beyond the window ends the connection with a [ProtocolError].
package transport
