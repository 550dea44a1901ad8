package wire_test

import "testing"

func FuzzPing(f *testing.F) { codecNamed(f, "ping").fuzz(f) }
func FuzzPong(f *testing.F) { codecNamed(f, "pong").fuzz(f) }
