package wire_test

import "testing"

func FuzzPressure(f *testing.F) { codecNamed(f, "pressure").fuzz(f) }
