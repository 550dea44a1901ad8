package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// closeTimeout is how long yamux keeps a stream that only one side has closed.
const closeTimeout = 10 * time.Second

// muxConn is a Conn on yamux: the lane is stream 1, bulk bodies have streams of
// their own.
type muxConn struct {
	cfg     *Config
	info    Info
	under   *under
	session *yamux.Session
	lane    *laneWriter
	bulk    *bulkSender

	tasks sync.WaitGroup // flushes, bodies, inbound streams

	ctx context.Context // ends with the connection; its cause is the first reason
	end context.CancelCauseFunc

	closing  atomic.Bool   // Close was called
	accepted chan struct{} // closed when the accept loop has ended
	lost     error         // why it did; only after that

	mu   sync.Mutex
	over bool // Serve waits for the tasks; no more may start
}

// openMux starts yamux on conn and opens the lane. The acceptor waits for it.
func openMux(conn net.Conn, role Role, info Info, cfg *Config) (*muxConn, error) {
	c := &muxConn{cfg: cfg, info: info, accepted: make(chan struct{})}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	c.lane = newLaneWriter(cfg, c) // the peer may break a rule before Open is done
	c.bulk = newBulkSender(c)
	c.under = &under{Conn: conn, writeTimeout: cfg.WriteTimeout, try: newTryWriter(conn)}
	c.under.guard = newGuard(role, cfg, time.Now, c.Abort)
	c.under.guard.streams.grant = c.tryGrant
	if !cfg.ThroughYamux {
		c.under.lane, c.under.bulk = newDirectLane(c), c.bulk
	}
	settings := &yamux.Config{
		AcceptBacklog:          cfg.MaxStreams,
		EnableKeepAlive:        false, // heartbeats are messages of the lane
		KeepAliveInterval:      time.Minute,
		ConnectionWriteTimeout: cfg.WriteTimeout,
		MaxStreamWindowSize:    cfg.Window,
		StreamOpenTimeout:      0, // the lane's messages would be missed first
		StreamCloseTimeout:     closeTimeout,
		Logger:                 yamuxLog{cfg.Logger},
	}
	stream, err := c.openSession(role, settings)
	if err != nil {
		err = c.explain(err)
		c.Abort(err) // yamux's Close waits for its reader, which may wait for Serve
		if c.session != nil {
			c.session.Close()
		}
		return nil, err
	}
	c.lane.w = &yamuxLane{c, stream}
	if c.under.lane != nil {
		c.lane.w = c.under.lane
	}
	return c, nil
}

// openSession starts yamux and returns stream 1.
func (c *muxConn) openSession(role Role, settings *yamux.Config) (lane *yamux.Stream, err error) {
	if role == Dialer {
		if c.session, err = yamux.Client(c.under, settings); err == nil {
			lane, err = c.session.OpenStream()
		}
	} else if c.session, err = yamux.Server(c.under, settings); err == nil {
		lane, err = c.acceptLane()
	}
	return lane, err
}

// acceptLane waits for stream 1. Its opener sends the first frame right away.
func (c *muxConn) acceptLane() (*yamux.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.cfg.FirstByteTimeout)
	defer cancel()
	s, err := c.session.AcceptStreamWithContext(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("%w: the lane was not opened within %v", ErrTimeout, c.cfg.FirstByteTimeout)
	case err == nil && s.StreamID() != 1:
		return nil, violation("the first stream is number %d, not the lane", s.StreamID())
	}
	return s, err
}

func (c *muxConn) Info() Info { return c.info }

func (c *muxConn) Received() uint64 { return c.under.received.Load() }

func (c *muxConn) Send(ctx context.Context, head, body []byte) error {
	return c.lane.send(ctx, head, body, soon)
}

func (c *muxConn) Queue(ctx context.Context, head, body []byte) error {
	return c.lane.send(ctx, head, body, queued)
}

func (c *muxConn) Flush() { c.lane.flushNow() }

func (c *muxConn) TrySend(head, body []byte, others bool) error {
	if others {
		return c.lane.send(impatient, head, body, held)
	}
	return c.lane.send(impatient, head, body, soon)
}

func (c *muxConn) SendBody(ctx context.Context, id uint64, body []byte) error {
	if int64(len(body)) > c.cfg.MaxBody {
		c.Flush()
		return fmt.Errorf("%w: body of %d bytes, the limit is %d", ErrTooLarge, len(body), c.cfg.MaxBody)
	}
	return c.bulk.send(ctx, id, body)
}

// deliver delivers the messages in the next bytes of the lane, and has the answers
// written that were held meanwhile.
func (c *muxConn) deliver(in *laneReader, p []byte, h Handler) error {
	c.lane.hold()
	defer c.lane.release()
	return in.feed(p, h)
}

// Serve has the lane served, and starts a goroutine for each inbound bulk stream.
func (c *muxConn) Serve(h Handler) error {
	err := c.lane.w.serve(h)
	c.Abort(c.why(err))
	c.session.Close() // waits for yamux's reader, which delivers the last message
	c.under.letGo()
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.tasks.Wait()
	return context.Cause(c.ctx)
}

// why returns what ended the connection, given what ended the lane. When yamux
// gave up the session, the lane just ends; the accept loop knows more.
func (c *muxConn) why(err error) error {
	if isAny(err, io.EOF, io.ErrUnexpectedEOF) && c.session.IsClosed() {
		<-c.accepted
		err = c.lost
	}
	if c.closing.Load() {
		return ErrClosed
	}
	return c.explain(err)
}

// spawn runs f on a goroutine that Serve waits for. It reports false when Serve
// is past that.
func (c *muxConn) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.tasks.Go(f)
	}
	return !c.over
}

// acceptLoop takes inbound bulk streams; it ends with the session.
func (c *muxConn) acceptLoop(h Handler) {
	defer close(c.accepted)
	for {
		s, err := c.session.AcceptStreamWithContext(c.ctx) // also if a handler has ended the reader
		if err != nil {
			c.lost = err
			if !c.session.IsClosed() {
				c.Abort(c.explain(err))
			}
			return
		}
		c.tasks.Go(func() {
			c.receive(c.inbound(s), h)
			c.under.guard.streams.done(s.StreamID()) // before the sender learns of it and opens another
			s.Close()
		})
	}
}

// inbound returns a stream of the peer that yamux has accepted.
func (c *muxConn) inbound(s *yamux.Stream) inbound {
	if c.cfg.ThroughYamux {
		return newYamuxIn(s)
	}
	in := c.under.guard.streams.inbound(s.StreamID())
	if in == nil { // it was reset meanwhile
		in = newInStream(s.StreamID(), int64(c.cfg.Window), nil)
		in.close(yamux.ErrConnectionReset)
	}
	return &directIn{inStream: in, conn: c}
}

// lingering bounds how long Close waits for the peer to take what is on its way.
const lingering = 2 * time.Second

// Close drains the lane, says goodbye and closes. yamux itself would drop what is
// queued; and to close at once, while the peer still sends, would make its
// network drop what it has not read.
func (c *muxConn) Close() error {
	c.closing.Store(true)
	limit := time.AfterFunc(c.cfg.WriteTimeout, func() { c.Abort(ErrClosed) })
	defer limit.Stop()
	c.lane.drain()
	c.session.GoAway()
	c.under.closeWrite()
	patience := time.NewTimer(lingering)
	defer patience.Stop()
	select {
	case <-c.session.CloseChan(): // the peer has read to the end, and closed
	case <-c.ctx.Done():
	case <-patience.C:
	}
	c.Abort(ErrClosed)
	return nil
}

// Abort ends the connection for err, unless it has ended for something else.
func (c *muxConn) Abort(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.end(err)
	// The connection itself, not the session: its Close waits for yamux's
	// reader, which may be the caller.
	c.under.Close()
	c.lane.fail(context.Cause(c.ctx))
}

// explain maps errors of yamux and of the network to those of this package.
func (c *muxConn) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case isAny(err, yamux.ErrSessionShutdown, yamux.ErrStreamClosed, net.ErrClosed):
		if cause := context.Cause(c.ctx); cause != nil {
			return cause
		}
		return errPeerClosed
	case isAny(err, yamux.ErrRecvWindowExceeded, yamux.ErrUnexpectedFlag, yamux.ErrDuplicateStream):
		return violation("%v", err)
	case isAny(err, yamux.ErrConnectionWriteTimeout, yamux.ErrTimeout, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case errors.Is(err, io.EOF):
		return errPeerClosed
	}
	return err
}

// isAny reports whether err is one of the targets.
func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}

var errPeerClosed = errors.New("peer closed the connection")

// yamuxLog hands yamux's log lines to slog. What a person should know is in the
// error that ends the connection.
type yamuxLog struct{ log *slog.Logger }

func (l yamuxLog) Print(v ...any)                 { l.log.Debug(strings.TrimSpace(fmt.Sprint(v...))) }
func (l yamuxLog) Println(v ...any)               { l.Print(v...) }
func (l yamuxLog) Printf(format string, v ...any) { l.Print(fmt.Sprintf(format, v...)) }
