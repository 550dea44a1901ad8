package main

import "testing"

func TestSuggest(t *testing.T) {
	methods := []string{"Deposit", "Withdraw", "Owner"}
	for word, want := range map[string]string{
		"deposit":  "did you mean Deposit? There are Deposit, Withdraw, Owner",
		"Withdarw": "did you mean Withdraw? There are Deposit, Withdraw, Owner",
		"Dep":      "there are Deposit, Withdraw, Owner",
		"Owners":   "did you mean Owner? There are Deposit, Withdraw, Owner",
		"":         "there are Deposit, Withdraw, Owner",
	} {
		if got := suggest(word, methods); got != want {
			t.Errorf("suggest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := suggest("x", nil); got != "there are none" {
		t.Error(got)
	}
}
