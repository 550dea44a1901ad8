package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"time"
)

// Ask starts a client process, on one CPU or, if cpu is AnyCPU, on all, and
// returns the answer of its work to request. Both ends of the connection have
// ended then. When ctx ends, they are killed.
func Ask(ctx context.Context, cpu int, request, answer any) error {
	c, err := start(ctx, clientRole, cpu)
	if err != nil {
		return err
	}
	reply := outcome{Answer: answer}
	if err := c.ask(request, &reply); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	if err := c.stop(); err != nil {
		return err
	}
	if reply.Error != "" {
		return errors.New(reply.Error)
	}
	return nil
}

// outcome is what a client process answers.
type outcome struct {
	Answer any
	Error  string `json:",omitempty"`
}

// beClient does the work that the controller asks for. It is given up when the
// controller ends.
func beClient(work func(context.Context, json.RawMessage) (any, error)) error {
	signal.Ignore(os.Interrupt) // the controller's to handle
	in := bufio.NewReader(os.Stdin)
	request, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, in) // until the controller closes it
		cancel()
		close(ended)
		time.Sleep(patience) // the work may wait for what never comes
		os.Exit(1)
	}()
	var reply outcome
	if reply.Answer, err = work(ctx, request); err != nil {
		reply.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(reply); err != nil {
		return err
	}
	<-ended
	return nil
}
