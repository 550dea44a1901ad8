package wire_test

import "testing"

func FuzzCancel(f *testing.F) { codecNamed(f, "cancel").fuzz(f) }
