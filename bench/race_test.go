//go:build race

package main

// smoked are the peers of TestSmoke, here some of them: with the race detector
// processes start slowly, and all peers share the code of the rows.
var smoked = []string{"tcp", "capnp", "netobj", "netobj-tls"}
