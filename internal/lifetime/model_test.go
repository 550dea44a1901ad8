package lifetime

import (
	"math/rand/v2"
	"testing"
)

// rule is one that the tables' users must keep. A world can leave it out.
type rule string

// The rules, by the names that they have in docs/PROTOCOL.md, "Lifetimes".
const (
	ruleCountOnSend     rule = "O1: grants are counted when they are sent, not when they arrive"
	ruleNoUndoAfterSend rule = "O1: a grant is taken back only if not one byte was sent"
	ruleCounts          rule = "O2: a release says how many grants it returns"
	ruleRunning         rule = "O2: nothing is reclaimed while one of its methods runs"
	ruleNoExpiryWhileUp rule = "O4: no session ends while its connection stands"
	ruleExpiry          rule = "O5: a lost session ends when its lease does"
	ruleCountFirst      rule = "H1, H8: grants count also in messages that are refused or come too late"
	ruleGeneration      rule = "H3: a cleanup is about the proxy that it was made for"
	ruleUse             rule = "H4: a message that is being sent keeps what it names"
	ruleOrder           rule = "H4: releases keep their order with calls"
	ruleEndForgets      rule = "R5: a holder's session that has ended is forgotten whole"
)

// walk does n random steps and settles.
func walk(without rule, seed uint64, n int) error {
	r := rand.New(rand.NewPCG(seed, 7))
	w := newWorld(without)
	for range n {
		if w.step(int(r.Uint32N(1<<16)), int(r.Uint32N(1<<16))); w.err != nil {
			return w.err
		}
	}
	w.settle()
	return w.err
}

func TestRandomWalksKeepTheInvariants(t *testing.T) {
	for seed := range uint64(300) {
		if err := walk("", seed, 400); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// Without a rule some invariant must break, else the walks prove nothing about it.
func TestEveryRuleIsNeeded(t *testing.T) {
	for _, left := range []rule{
		ruleCountOnSend, ruleNoUndoAfterSend, ruleCounts, ruleRunning, ruleNoExpiryWhileUp, ruleExpiry,
		ruleCountFirst, ruleGeneration, ruleUse, ruleOrder, ruleEndForgets, ruleBatchWithSnapshot, ruleReconcile,
	} {
		t.Run(string(left), func(t *testing.T) {
			for seed := range uint64(300) {
				if err := walk(left, seed, 400); err != nil {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Error("nothing goes wrong without it")
		})
	}
}

// FuzzTables takes two bytes for each step: what, and with which holder, object
// or message.
func FuzzTables(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) {
		w := newWorld("")
		for i := 0; i+1 < len(script) && i < 800; i += 2 {
			w.step(int(script[i]), int(script[i+1]))
		}
		w.settle()
		if w.err != nil {
			t.Fatal(w.err)
		}
	})
}
