package wire_test

import "testing"

func FuzzRelease(f *testing.F) { codecNamed(f, "release").fuzz(f) }
