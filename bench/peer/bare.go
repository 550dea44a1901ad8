package peer

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"

	"github.com/netobj/netobj/bench/work"
)

// bare is a ping-pong on a socket: the floor. A message is its length and kind in
// four bytes each, then the payload; answers come in order, so that there is one
// call at a time.
type bare struct{ network string }

// Traits implements Peer.
func (b bare) Traits() Traits {
	return Traits{
		Name:    b.network,
		About:   "bare " + b.network + " socket, ping-pong, one write and one read on each side",
		Network: b.network,
		Floor:   true,
		Serial:  true,
	}
}

const (
	bareAdd uint32 = iota
	bareEcho
	bareBytes
	bareHead = 8
)

// Serve implements Peer.
func (bare) Serve(at Endpoint) (Server, error) {
	l, err := listen(at)
	if err != nil {
		return nil, err
	}
	go l.each(func(c net.Conn) { newBareConn(c).serve() })
	return l, nil
}

// Dial implements Peer.
func (bare) Dial(ctx context.Context, to Endpoint) (Client, error) {
	c, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return bareClient{newBareConn(c)}, nil
}

// bareConn is either end of a connection. The buffers are kept from message to
// message.
type bareConn struct {
	net.Conn
	in      *bufio.Reader
	message []byte
	out     []byte
	head    [bareHead]byte
}

func newBareConn(c net.Conn) *bareConn { return &bareConn{Conn: c, in: bufio.NewReader(c)} }

// receive reads a message; it is valid until the next one.
func (c *bareConn) receive() (kind uint32, message []byte, err error) {
	if _, err := io.ReadFull(c.in, c.head[:]); err != nil {
		return 0, nil, err
	}
	size := int(binary.LittleEndian.Uint32(c.head[:]))
	if cap(c.message) < size {
		c.message = make([]byte, size)
	}
	c.message = c.message[:size]
	_, err = io.ReadFull(c.in, c.message)
	return binary.LittleEndian.Uint32(c.head[4:]), c.message, err
}

// begin starts a message; the payload is appended to what it returns.
func (c *bareConn) begin(kind uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(c.out[:0], 0, 0, 0, 0), kind)
}

// send writes a message, with body behind it if there is one.
func (c *bareConn) send(message, body []byte) error {
	c.out = message
	binary.LittleEndian.PutUint32(message, uint32(len(message)-bareHead+len(body)))
	if len(body) == 0 {
		_, err := c.Write(message)
		return err
	}
	both := net.Buffers{message, body}
	_, err := both.WriteTo(c.Conn)
	return err
}

// serve answers until the connection ends.
func (c *bareConn) serve() {
	defer c.Close()
	for {
		kind, message, err := c.receive()
		if err != nil {
			return
		}
		answer := c.begin(kind)
		switch kind {
		case bareAdd:
			sum := binary.LittleEndian.Uint64(message) + binary.LittleEndian.Uint64(message[8:])
			answer = binary.LittleEndian.AppendUint64(answer, sum)
		case bareEcho:
			answer = append(answer, message...)
		case bareBytes:
			s := work.SumOf(message)
			answer = binary.LittleEndian.AppendUint64(answer, uint64(s.Length))
			answer = binary.LittleEndian.AppendUint64(answer, s.Words)
		}
		if c.send(answer, nil) != nil {
			return
		}
	}
}

type bareClient struct{ *bareConn }

// call sends a message and returns the answer, of at least size bytes.
func (c bareClient) call(message, body []byte, size int) ([]byte, error) {
	if err := c.send(message, body); err != nil {
		return nil, err
	}
	_, answer, err := c.receive()
	if err == nil && len(answer) < size {
		err = fmt.Errorf("answer of %d bytes, should be %d", len(answer), size)
	}
	return answer, err
}

// Add implements Client.
func (c bareClient) Add(_ context.Context, a, b int64) (int64, error) {
	m := binary.LittleEndian.AppendUint64(c.begin(bareAdd), uint64(a))
	answer, err := c.call(binary.LittleEndian.AppendUint64(m, uint64(b)), nil, 8)
	if err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(answer)), nil
}

// Echo implements Client.
func (c bareClient) Echo(_ context.Context, item work.Item) (work.Item, error) {
	m := binary.LittleEndian.AppendUint64(c.begin(bareEcho), uint64(item.ID))
	m = binary.LittleEndian.AppendUint64(m, math.Float64bits(item.Price))
	answer, err := c.call(append(m, item.Name...), nil, 16)
	if err != nil {
		return work.Item{}, err
	}
	return work.Item{
		ID:    int64(binary.LittleEndian.Uint64(answer)),
		Price: math.Float64frombits(binary.LittleEndian.Uint64(answer[8:])),
		Name:  string(answer[16:]),
	}, nil
}

// Bytes implements Client.
func (c bareClient) Bytes(_ context.Context, body []byte) (work.Sum, error) {
	answer, err := c.call(c.begin(bareBytes), body, 16)
	if err != nil {
		return work.Sum{}, err
	}
	return work.Sum{
		Length: int64(binary.LittleEndian.Uint64(answer)),
		Words:  binary.LittleEndian.Uint64(answer[8:]),
	}, nil
}
