package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/netobj/netobj/examples/failover/counter"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// client uses whatever counter there is.
type client struct {
	counter counter.Counter
	told    chan struct{} // closed when tell has ended
}

// meet looks the counter up, once and for all.
func meet(ctx context.Context, node *objects.Node) (*client, error) {
	names, err := registry.Dial(ctx, node, "")
	if err != nil {
		return nil, err
	}
	remote, err := registry.Rebinding[counter.Counter](ctx, names, "counter")
	if err != nil {
		return nil, err
	}
	c := &client{remote, make(chan struct{})}
	go c.tell(ctx) // ends with leave
	return c, nil
}

// tell prints what becomes of the counter.
func (c *client) tell(ctx context.Context) {
	defer close(c.told)
	for change, err := range registry.Changes(ctx, c.counter) {
		switch {
		case err != nil: // released
		case change.Lost != nil: // it says why
			fmt.Println("events | the counter is lost")
		default:
			fmt.Println("events | there is a counter")
		}
	}
}

// leave lets go of the counter.
func (c *client) leave() {
	objects.Release(c.counter)
	<-c.told
}

func (c *client) add(ctx context.Context) error {
	total, err := c.counter.Add(ctx, 1)
	if err == nil {
		fmt.Println("client | added 1, the total is", total)
	}
	return err
}

// addSlowly makes a call that its server does not survive. The error of the channel is
// what did not go as it should.
func (c *client) addSlowly(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { // ends with the call
		_, err := c.counter.AddSlowly(ctx, 1)
		if objects.OutcomeOf(err) == objects.OutcomeUnknown {
			fmt.Println("client | a call was running: its outcome is unknown, so it is not repeated")
			err = nil
		} else if err == nil {
			err = errors.New("the call outlived its server")
		}
		done <- err
	}()
	return done
}
