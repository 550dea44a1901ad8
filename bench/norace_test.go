//go:build !race

package main

import "github.com/netobj/netobj/bench/peer"

// smoked are the peers of TestSmoke: all.
var smoked = peer.Names()
