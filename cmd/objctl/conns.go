package main

import (
	"context"
	"strconv"
)

const connsHelp = nodeHelp + `
  EXPORTS   objects of the node that the peer holds
  IMPORTS   objects of the peer that the node holds
  OUTGOING  calls of the node that wait for the peer
  INCOMING  calls of the peer that the node has not answered
`

// conns prints a node's sessions that have a connection.
func conns(ctx context.Context, t *tool, args []string) error {
	state, err := t.state(ctx, args)
	if err != nil {
		return err
	}
	if t.format == "json" {
		return t.json(notNil(state.Sessions))
	}
	rows := make([][]string, len(state.Sessions))
	for i, s := range state.Sessions {
		rows[i] = []string{s.Addr, s.Node.String(), s.Incarnation.String(), seconds(s.Age),
			strconv.Itoa(s.Exports), strconv.Itoa(s.Imports), strconv.Itoa(s.Outgoing), strconv.Itoa(s.Incoming)}
	}
	return t.table([]string{"PEER", "NODE", "INCARNATION", "AGE", "EXPORTS", "IMPORTS", "OUTGOING", "INCOMING"}, rows, never)
}

const leasesHelp = nodeHelp + `
A peer whose connection broke keeps what it holds of the node until its lease is
over, that is LEFT.
`

// leases prints a node's peers that are lost, and what is kept for them.
func leases(ctx context.Context, t *tool, args []string) error {
	state, err := t.state(ctx, args)
	if err != nil {
		return err
	}
	if t.format == "json" {
		return t.json(notNil(state.Leases))
	}
	rows := make([][]string, len(state.Leases))
	for i, l := range state.Leases {
		rows[i] = []string{l.Addr, l.Incarnation.String(), strconv.Itoa(l.Exports), seconds(l.Left)}
	}
	return t.table([]string{"PEER", "INCARNATION", "EXPORTS", "LEFT"}, rows, never)
}
