// Package sim runs whole nodes, three to six of them, in one process on a network in
// memory, and knows the truth about them: a ledger follows who holds which object, and
// what became of each call, and compares that with what the runtime does.
//
// A run is a [Script]: a list of steps, each of which names an operation and the
// numbers that it needs. Scripts are drawn from a seed, and are data: steps can be left
// out, which is how a script that fails is made short, and a script can be kept in
// testdata as a test.
//
// A script runs in a testing/synctest bubble. Time is the bubble's, and passes between
// steps only; after each step the world comes to rest before the next. Garbage is
// collected at the steps that say so, and all randomness of the runtime comes from the
// seed, so that a script runs the same each time: see the decision record on it.
//
// What the ledger checks, by the names of docs/LIFETIMES.md and its design: no object is
// reclaimed that somebody holds (S1, S2, S9), what is owned is counted right (S4), a
// proxy that should work does (S5, S10), an object has one proxy in a process (S6), no
// method runs twice and no answer reaches another caller (S7), no call reaches another
// object (S8, S10), errors tell the truth about the method; and in the end everything
// orphaned is reclaimed (L1), nothing is left in any table (L2), all who can reach each
// other are connected (L3), and no call hangs.
package sim
