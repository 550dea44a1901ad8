package marshal

import (
	"bytes"
	"testing"
)

// message is a tuple of a byte string of n bytes and a shorter one.
func message(n int) []byte {
	var e Encoder
	e.Array(2)
	e.Bytes(bytes.Repeat([]byte{'x'}, n))
	e.Bytes([]byte("abc"))
	return e.Data()
}

// TestGive: only where it was asked for, and only of a byte string that is most of
// its message, a value has the message's memory; the budget does not pay for it.
func TestGive(t *testing.T) {
	for name, c := range map[string]struct {
		size        int
		give, given bool
	}{
		"large":              {2000, true, true},
		"small":              {5, true, false},
		"large, not to give": {2000, false, false},
	} {
		data := message(c.size)
		if c.size < 10 {
			data = append(data, message(100)...) // half of it and more is something else
		}
		budget := NewBudget("DecodeBudget", 1<<20, nil)
		var d Decoder
		d.Reset(data, nil, nil, budget)
		if c.give {
			d.Give()
		}
		d.Tuple()
		first, second := d.Next().Bytes(), d.Next().Bytes()
		if d.Given() != c.given || budget.Used() > 0 == (c.given || c.size < 10) {
			t.Errorf("%s: given %v, the budget paid for %d bytes", name, d.Given(), budget.Used())
		}
		want := bytes.Clone(first)
		clear(data)
		if bytes.Equal(first, want) == c.given || string(second) != "abc" {
			t.Errorf("%s: after the message was cleared the values are %.5x and %x", name, first, second)
		}
		first = append(first, 1) // has no room in the message
		if !bytes.Equal(data, make([]byte, len(data))) || len(first) != c.size+1 {
			t.Errorf("%s: appending wrote into the message", name)
		}
	}
}

// TestView: a view is part of the message, and cannot grow into what follows it.
func TestView(t *testing.T) {
	data := message(100)
	var d Decoder
	d.Reset(data, nil, nil, nil)
	d.Tuple()
	v := d.Next().View()
	v[0] = 'y'
	if !bytes.Contains(data, []byte("yx")) || cap(v) != len(v) {
		t.Errorf("%d bytes with room for %d", len(v), cap(v))
	}
	if got := d.Next().View(); string(got) != "abc" || d.End() != nil {
		t.Errorf("%q, %v", got, d.Err())
	}
}

// TestViewOfNothing: null is nil and empty is not, as with copies.
func TestViewOfNothing(t *testing.T) {
	var d Decoder
	d.Reset([]byte{0x83, 0xf6, 0x40, 0x61}, nil, nil, nil)
	d.Tuple()
	if null, empty := d.Next().View(), d.Next().View(); null != nil || empty == nil || len(empty) != 0 {
		t.Errorf("%v, %v", null, empty)
	}
	if bad := d.Next().View(); bad != nil || d.Err() == nil {
		t.Errorf("text as bytes: %v, %v", bad, d.Err())
	}
}
