package marshal

import (
	"errors"
	"testing"
)

// TestLimitsOnBothSides goes over each limit by one, and just not, as the sender
// and as the receiver of a message.
func TestLimitsOnBothSides(t *testing.T) {
	lim := &Limits{MaxMessage: 1 << 20, MaxDepth: 4, MaxElements: 30, MaxPairs: 20, MaxRefs: 10}
	for name, c := range map[string]struct {
		max    int
		encode func(e *Encoder, n int)
	}{
		"MaxDepth": {4, func(e *Encoder, n int) { encodeNested(e, n); e.Nil() }},
		"MaxElements": {30, func(e *Encoder, n int) {
			EncodeSlice(e, make([]bool, n), (*Encoder).Bool)
		}},
		"MaxPairs": {20, func(e *Encoder, n int) {
			m := map[uint64]bool{}
			for i := range n {
				m[uint64(i)] = true
			}
			EncodeMap(e, m, (*Encoder).Uint, (*Encoder).Bool)
		}},
		"MaxRefs": {10, func(e *Encoder, n int) {
			e.Array(n)
			for i := range n {
				e.Ref(i, "test.Object")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var fits, over Encoder
			fits.Reset(lim)
			c.encode(&fits, c.max)
			if err := fits.Err(); err != nil {
				t.Errorf("%d: the sender says %v", c.max, err)
			}
			if err := Check(fits.Data(), lim); err != nil {
				t.Errorf("%d: the receiver says %v", c.max, err)
			}
			over.Reset(lim)
			c.encode(&over, c.max+1)
			checkLimit(t, "sender", over.Err(), name, c.max)
			if name == "MaxRefs" {
				return // the table stands beside what Check sees
			}
			over.Reset(nil)
			c.encode(&over, c.max+1)
			checkLimit(t, "receiver", Check(over.Data(), lim), name, c.max)
		})
	}
}

func checkLimit(t *testing.T, who string, err error, limit string, max int) {
	t.Helper()
	bad, ok := errors.AsType[*Error](err)
	if !ok || bad.Limit != limit || bad.Max != int64(max) || bad.Got != int64(max+1) {
		t.Errorf("%s: %v, want %d over %s", who, err, max+1, limit)
	}
}

// TestLimitsInsideAny: what fxamacker/cbor encodes is held to the same limits.
func TestLimitsInsideAny(t *testing.T) {
	lim := &Limits{MaxDepth: 4, MaxElements: 3, MaxPairs: 2, MaxRefs: 1}
	for limit, v := range map[string]any{
		"MaxElements": []any{[]int{1, 2, 3, 4}},
		"MaxPairs":    []any{map[string]int{"a": 1, "b": 2, "c": 3}},
	} {
		var e Encoder
		e.Reset(lim)
		e.Array(1)
		e.Any(v)
		if bad, ok := errors.AsType[*Error](e.Err()); !ok || bad.Limit != limit || bad.Path != "[0][0]" {
			t.Errorf("%s: %v", limit, e.Err())
		}
	}
}

// TestFirstErrorSticks: what follows an error changes nothing about it, and reads
// as zero.
func TestFirstErrorSticks(t *testing.T) {
	var e Encoder
	e.Fail(errors.New("first"))
	e.Fail(errors.New("second"))
	e.Any(make(chan int))
	if err := e.Err(); err == nil || err.Error() != "first" {
		t.Errorf("encoder: %v", err)
	}
	var d Decoder
	d.Reset([]byte{0x82, 0x61, 'x', 7}, nil, nil, nil)
	d.Tuple()
	n, m, s := d.Next().Int(), d.Next().Int(), d.Next().String()
	if err := d.End(); n != 0 || m != 0 || s != "" || err == nil || err.Error() != "[0]: found a text string, expected int" {
		t.Errorf("decoder: %d, %d, %q, %v", n, m, s, err)
	}
}

type overdrawn struct{ by []int64 }

func (overdrawn) Error() string { return "overdrawn" }

func init() {
	RegisterErrorType("test.overdrawn",
		func(e *Encoder, err overdrawn) {
			EncodeSlice(e, err.by, (*Encoder).Int)
		},
		func(d *Decoder) overdrawn {
			by := MakeSlice[int64](d)
			for i := range by {
				by[i] = d.Int64()
			}
			return overdrawn{by}
		})
}

// TestFieldsOfErrorsStayPaid: the fields of an error live as long as the message's
// other values, and so does what they took from the budget.
func TestFieldsOfErrorsStayPaid(t *testing.T) {
	const n = 10_000
	var e Encoder
	e.Error(overdrawn{make([]int64, n)})
	budget := NewBudget("DecodeBudget", 1<<20, nil)
	var d Decoder
	d.Reset(e.Data(), nil, nil, budget)
	got := d.Error()
	if o, ok := got.(overdrawn); !ok || len(o.by) != n || d.Err() != nil {
		t.Fatalf("got %T, %v", got, d.Err())
	}
	if used := budget.Used(); used < 8*n-freeCredit {
		t.Errorf("%d bytes are taken for %d numbers", used, n)
	}
	d.Release()
	if budget.Used() != 0 {
		t.Errorf("%d bytes are still taken", budget.Used())
	}
	d.Reset(e.Data(), nil, nil, NewBudget("DecodeBudget", 4096, nil))
	d.Error()
	if bad, ok := errors.AsType[*Error](d.Err()); !ok || bad.Limit != "DecodeBudget" {
		t.Errorf("fields beyond the budget: %v", d.Err())
	}
}
