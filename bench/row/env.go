package row

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/process"
	"github.com/netobj/netobj/bench/work"
)

// Request is what a client process is asked to measure.
type Request struct {
	Row, Peer string
	Options
	ServerCPU     int    // or process.AnyCPU
	ClientProfile string // files for CPU profiles; empty for none
	ServerProfile string
}

// Options hold for all rows.
type Options struct {
	Time  time.Duration // of one measurement
	Scale float64       // of numbers of references, connections and counted calls; 1 is the full size
}

// env is what a row runs in.
type env struct {
	Options
	ctx    context.Context
	peer   peer.Peer
	server *process.Server
	client peer.Client // one connection
	values Values
}

// Measure is the work of a client process: it starts the server, connects, and
// runs the row.
func Measure(ctx context.Context, request json.RawMessage) (any, error) {
	var r Request
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, err
	}
	p, rows := peer.Named(r.Peer), Named(r.Row)
	if p == nil || len(rows) != 1 {
		return nil, fmt.Errorf("there is no peer %q or no row %q", r.Peer, r.Row)
	}
	server, err := process.StartServer(ctx, p, r.ServerCPU, r.ServerProfile)
	if err != nil {
		return nil, err
	}
	e := &env{Options: r.Options, ctx: ctx, peer: p, server: server, values: Values{}}
	return e.values, errors.Join(e.measure(rows[0], r.ClientProfile), server.Close())
}

// dialTime is how long a peer may take to connect.
const dialTime = 30 * time.Second

func (e *env) dial() (peer.Client, error) {
	ctx, cancel := context.WithTimeout(e.ctx, dialTime)
	defer cancel()
	c, err := e.peer.Dial(ctx, e.server.Endpoint())
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if err := add(ctx, c, 1); err != nil { // some connect with the first call
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (e *env) measure(r *Row, profile string) (err error) {
	if e.client, err = e.dial(); err != nil {
		return err
	}
	defer e.client.Close()
	stop, err := process.Profile(profile)
	if err != nil {
		return err
	}
	defer stop()
	if err := r.run(e); err != nil {
		return err
	}
	u, err := e.server.Usage(process.CPU)
	if err == nil && u.Conns != 1 && !r.Many {
		err = fmt.Errorf("%d connections were made, there must be one", u.Conns)
	}
	return err
}

// count is n, scaled; at least one.
func (e *env) count(n int) int { return max(1, int(float64(n)*e.Scale)) }

// The calls, with their answers checked.

func add(ctx context.Context, c interface {
	Add(ctx context.Context, a, b int64) (int64, error)
}, call int) error {
	a, b := int64(call), int64(call)*3
	sum, err := c.Add(ctx, a, b)
	if err == nil && sum != a+b {
		err = work.Wrong("Add", sum, a+b)
	}
	return err
}

func echo(ctx context.Context, c peer.Client, call int) error {
	item := work.ItemOf(call)
	back, err := c.Echo(ctx, item)
	if err == nil && back != item {
		err = work.Wrong("Echo", back, item)
	}
	return err
}

func send(ctx context.Context, c peer.Client, b *work.Body) error {
	sum, err := c.Bytes(ctx, b.Data)
	if err == nil && sum != b.Sum {
		err = work.Wrong("Bytes", sum, b.Sum)
	}
	return err
}
