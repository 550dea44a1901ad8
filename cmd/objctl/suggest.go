package main

import (
	"fmt"
	"strings"
)

// suggest returns what to say of a word that is none of those known: the most
// similar one, if one is similar, and all that there are.
func suggest(word string, known []string) string {
	if len(known) == 0 {
		return "there are none"
	}
	list := "there are " + strings.Join(known, ", ")
	best, least := "", 1+len(word)/3
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= least {
			best, least = k, d-1
		}
	}
	if best == "" {
		return list
	}
	return fmt.Sprintf("did you mean %s? T%s", best, list[1:])
}

// distance counts the letters to insert, remove or replace in a to make b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			replaced := diagonal
			if a[i] != b[k] {
				replaced++
			}
			diagonal = row[k+1]
			row[k+1] = min(replaced, row[k]+1, row[k+1]+1)
		}
	}
	return row[len(b)]
}
