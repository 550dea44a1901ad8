package main

import (
	"log/slog"
	"net"
	"os"
)

// tell sends a state to systemd, if it started the daemon with Type=notify: a
// datagram to the socket in NOTIFY_SOCKET, where a leading @ means Linux's
// abstract namespace, as in sd_notify(3).
func tell(log *slog.Logger, state string) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		conn.Close()
	}
	if err != nil {
		log.Warn("systemd was not told", "state", state, "cause", err)
	}
}
