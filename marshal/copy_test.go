package marshal

import (
	"slices"
	"strings"
	"testing"
)

// TestCopyKeepsTheLimits of the encoder that is copied to.
func TestCopyKeepsTheLimits(t *testing.T) {
	copyOf := func(lim Limits, write func(*Encoder)) (*Encoder, error) {
		var from, to Encoder
		write(&from)
		to.Reset(&lim)
		to.Copy(&from)
		return &to, to.Err()
	}
	three := func(e *Encoder) {
		e.Array(3)
		for range 3 {
			e.Ref(t, "x")
		}
	}
	to, err := copyOf(DefaultLimits, three)
	if err != nil || len(to.Slots()) != 3 || !slices.Equal(to.Data(), []byte{0x83, 0, 1, 2}) {
		t.Errorf("%x, %d slots, %v", to.Data(), len(to.Slots()), err)
	}
	few, short := DefaultLimits, DefaultLimits
	few.MaxRefs, short.MaxElements = 2, 2
	for want, err := range map[string]error{
		"too many references": second(copyOf(few, three)),
		"MaxElements":         second(copyOf(short, three)),
		"wrong before":        second(copyOf(DefaultLimits, func(e *Encoder) { e.Fail(errTest) })),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

type testError string

func (e testError) Error() string { return string(e) }

const errTest = testError("wrong before")

func second(_ *Encoder, err error) error { return err }
