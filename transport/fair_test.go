package transport

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowConn is a network that takes one write whenever it is told to, and notes the
// streams of the frames.
type slowConn struct {
	net.Conn
	next    chan struct{}
	streams []uint32
}

func (c *slowConn) SetWriteDeadline(time.Time) error { return nil }
func (c *slowConn) Write(p []byte) (int, error) {
	c.streams = append(c.streams, binary.BigEndian.Uint32(p[4:]))
	<-c.next
	return len(p), nil
}

// TestTheLaneWaitsForOneChunk: however many bodies are being sent, a frame of the
// lane is next when the chunk that is being written is done.
func TestTheLaneWaitsForOneChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &slowConn{next: make(chan struct{})}
		u := &under{Conn: conn}
		var writers sync.WaitGroup
		for id := range uint32(5) {
			writers.Go(func() {
				for range 3 {
					u.writeBody(3+2*id, nil, bytes.Repeat([]byte("x"), 1000))
				}
			})
		}
		synctest.Wait()
		writers.Go(func() { u.writeLane(0, []byte("message")) })
		synctest.Wait()
		for range 5*3 + 1 {
			conn.next <- struct{}{}
			synctest.Wait()
		}
		writers.Wait()
		if at := slices.Index(conn.streams, laneID); at < 1 || at > 2 {
			t.Errorf("frames of streams %v", conn.streams)
		}
	})
}
