package process

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/netobj/netobj/bench/peer"
)

// Server is a server process, seen from its client's.
type Server struct {
	*child
	folder string // of the socket, if it has one
	to     peer.Endpoint
}

// serverOrder is the first line that a server process reads.
type serverOrder struct {
	Peer, Network, Address string
	Profile                string
}

// serverReady is what it answers.
type serverReady struct {
	Address string
	Cert    []byte // DER, if it speaks TLS
	Error   string `json:",omitempty"`
}

// StartServer starts the server of a peer, on one CPU or, if cpu is AnyCPU, on
// all. Profiles are written if profile names a file. The process is killed
// when ctx ends.
func StartServer(ctx context.Context, p peer.Peer, cpu int, profile string) (*Server, error) {
	traits := p.Traits()
	s := &Server{to: peer.Endpoint{Network: traits.Network}}
	order := serverOrder{Peer: traits.Name, Network: traits.Network, Address: "127.0.0.1:0", Profile: profile}
	var err error
	if traits.Network == "unix" {
		if s.folder, err = os.MkdirTemp("", "netobj-bench-"); err != nil {
			return nil, err
		}
		order.Address = filepath.Join(s.folder, "socket")
	}
	if s.child, err = start(ctx, serverRole, cpu); err != nil {
		return nil, errors.Join(err, s.clean())
	}
	var ready serverReady
	if err := s.ask(order, &ready); err != nil {
		return nil, errors.Join(err, s.clean())
	}
	if ready.Error != "" {
		return nil, errors.Join(errors.New(ready.Error), s.Close())
	}
	s.to.Address = ready.Address
	if traits.TLS {
		if s.to.TLS, err = trust(ready.Cert); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Endpoint is where the server listens.
func (s *Server) Endpoint() peer.Endpoint { return s.to }

// Usage asks the server what it uses.
func (s *Server) Usage(depth Depth) (u Usage, err error) { return u, s.ask(depth, &u) }

// Close ends the server and waits for that.
func (s *Server) Close() error { return errors.Join(s.stop(), s.clean()) }

func (s *Server) clean() error {
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}

// beServer serves a peer until standard input ends.
func beServer() error {
	signal.Ignore(os.Interrupt) // the controller's to handle
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	var order serverOrder
	if err := in.Decode(&order); err != nil {
		return err
	}
	server, ready, err := serve(order)
	if err != nil {
		return out.Encode(serverReady{Error: err.Error()})
	}
	stop, err := Profile(order.Profile)
	if err != nil {
		return err
	}
	defer stop()
	if err := out.Encode(ready); err != nil {
		return err
	}
	return report(in, out, server)
}

func serve(order serverOrder) (peer.Server, serverReady, error) {
	p := peer.Named(order.Peer)
	if p == nil {
		return nil, serverReady{}, fmt.Errorf("there is no peer %q", order.Peer)
	}
	at := peer.Endpoint{Network: order.Network, Address: order.Address}
	var ready serverReady
	if p.Traits().TLS {
		cert, err := newCertificate()
		if err != nil {
			return nil, ready, err
		}
		ready.Cert = cert.Certificate[0]
		at.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	}
	s, err := p.Serve(at)
	if err != nil {
		return nil, ready, err
	}
	ready.Address = s.Address()
	return s, ready, nil
}

// report answers each request for a usage, until there are no more.
func report(in *json.Decoder, out *json.Encoder, s peer.Server) error {
	for {
		var depth Depth
		if err := in.Decode(&depth); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		u := Use(depth)
		u.Conns, u.Things = s.Conns(), s.Things().Live()
		if err := out.Encode(u); err != nil {
			return err
		}
	}
}
