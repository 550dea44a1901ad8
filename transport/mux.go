package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// muxConn is a Conn on yamux: the lane is stream 1, bulk bodies have streams of
// their own.
type muxConn struct {
	cfg     *Config
	info    Info
	under   *under
	session *yamux.Session
	lane    *laneWriter
	bulk    *bulkSender
	laneIn  *yamux.Stream

	tasks sync.WaitGroup // flushes, bodies, inbound streams

	ctx context.Context // ends with the connection; its cause is the first reason
	end context.CancelCauseFunc

	mu      sync.Mutex
	streams int // inbound bulk streams that are open
}

// openMux starts yamux on conn and opens the lane. The acceptor waits for it.
func openMux(conn net.Conn, role Role, info Info, cfg *Config) (*muxConn, error) {
	c := &muxConn{cfg: cfg, info: info}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	c.under = &under{Conn: conn, writeTimeout: cfg.WriteTimeout}
	c.under.guard = newGuard(role, cfg.Window, time.Now, c.Abort)
	settings := &yamux.Config{
		AcceptBacklog:          cfg.MaxStreams,
		EnableKeepAlive:        false, // heartbeats are messages of the lane
		KeepAliveInterval:      time.Minute,
		ConnectionWriteTimeout: cfg.WriteTimeout,
		MaxStreamWindowSize:    cfg.Window,
		StreamOpenTimeout:      0, // the lane's messages would be missed first
		StreamCloseTimeout:     10 * time.Second,
		Logger:                 yamuxLog{cfg.Logger},
	}
	var err error
	if role == Dialer {
		if c.session, err = yamux.Client(c.under, settings); err == nil {
			c.laneIn, err = c.session.OpenStream()
		}
	} else if c.session, err = yamux.Server(c.under, settings); err == nil {
		c.laneIn, err = c.acceptLane()
	}
	if err != nil {
		if c.session != nil {
			c.session.Close()
		}
		return nil, c.explain(err)
	}
	c.lane = newLaneWriter(c.laneIn, cfg, c)
	c.bulk = newBulkSender(c)
	return c, nil
}

// acceptLane waits for stream 1. Its opener sends the first frame right away.
func (c *muxConn) acceptLane() (*yamux.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.cfg.FirstByteTimeout)
	defer cancel()
	s, err := c.session.AcceptStreamWithContext(ctx)
	if err == nil && s.StreamID() != 1 {
		err = violation("the first stream is number %d, not the lane", s.StreamID())
	}
	return s, err
}

func (c *muxConn) Info() Info { return c.info }

func (c *muxConn) Send(ctx context.Context, head, body []byte) error {
	return c.lane.send(ctx, head, body)
}

func (c *muxConn) SendBody(ctx context.Context, id uint64, body []byte) error {
	if int64(len(body)) > c.cfg.MaxBody {
		return fmt.Errorf("%w: body of %d bytes, the limit is %d", ErrTooLarge, len(body), c.cfg.MaxBody)
	}
	return c.bulk.send(ctx, id, body)
}

// Serve reads the lane on the calling goroutine, and starts one for each inbound
// bulk stream.
func (c *muxConn) Serve(h Handler) error {
	c.tasks.Go(func() { c.acceptLoop(h) })
	err := readLane(c.laneIn, c.cfg.MaxLaneMessage, h)
	c.Abort(err)
	c.session.Close()
	c.tasks.Wait()
	return c.reason()
}

// acceptLoop takes inbound bulk streams; it ends with the session.
func (c *muxConn) acceptLoop(h Handler) {
	for {
		s, err := c.session.AcceptStream()
		if err != nil {
			return
		}
		if !c.enter() {
			c.Abort(violation("more than %d bulk streams at once", c.cfg.MaxStreams))
			return
		}
		c.tasks.Go(func() {
			defer c.leave()
			c.receive(s, h)
		})
	}
}

func (c *muxConn) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams++
	return c.streams <= c.cfg.MaxStreams
}

func (c *muxConn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams--
}

// Close drains the lane, says goodbye and closes. yamux itself would drop what is
// queued.
func (c *muxConn) Close() error {
	c.lane.drain(c.cfg.WriteTimeout)
	c.session.GoAway()
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
	c.lane.fail(c.explain(err))
}

// reason returns why the connection ended.
func (c *muxConn) reason() error { return c.explain(context.Cause(c.ctx)) }

// explain maps errors of yamux and of the network to those of this package.
func (c *muxConn) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return errPeerClosed
	case errors.Is(err, yamux.ErrConnectionWriteTimeout), errors.Is(err, yamux.ErrTimeout), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case errors.Is(err, yamux.ErrSessionShutdown), errors.Is(err, yamux.ErrStreamClosed), errors.Is(err, net.ErrClosed):
		cause := context.Cause(c.ctx)
		if cause != nil && !errors.Is(cause, net.ErrClosed) && !errors.Is(cause, yamux.ErrSessionShutdown) {
			return cause
		}
		return errPeerClosed
	}
	return err
}

var errPeerClosed = errors.New("peer closed the connection")

// yamuxLog hands yamux's log lines to slog. What a person should know is in the
// error that ends the connection.
type yamuxLog struct{ log *slog.Logger }

func (l yamuxLog) Print(v ...any)                 { l.log.Debug(strings.TrimSpace(fmt.Sprint(v...))) }
func (l yamuxLog) Println(v ...any)               { l.Print(v...) }
func (l yamuxLog) Printf(format string, v ...any) { l.Print(fmt.Sprintf(format, v...)) }
