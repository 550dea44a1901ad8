package lifetime

import "testing"

// BenchmarkReconcile resumes a session with a million references: the holder's
// snapshot and the owner's reconciliation, without the wire.
func BenchmarkReconcile(b *testing.B) {
	const references = 1_000_000
	x, m := NewExports[int](references), NewImports(references)
	x.Open(1, 0)
	for range references {
		o := x.Add(0)
		xid, err := x.Grant(1, FirstConn, o)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Receive(FirstConn, o, xid); err != nil {
			b.Fatal(err)
		}
	}
	c := FirstConn
	for b.Loop() {
		x.Fence(1)
		m.Fence()
		c++
		gone, unknown, err := x.Reconcile(1, c, m.Snapshot(c))
		if err != nil || gone != nil || unknown != nil {
			b.Fatal(gone, unknown, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/references, "ns/reference")
}

// BenchmarkCall is what the tables of calls add to a call that is answered and
// acknowledged by the next.
func BenchmarkCall(b *testing.B) {
	t, r := NewCalls[int](true), NewResults[int](ResultLimits{Kept: 1000, Bytes: 1 << 20})
	var done []CallID
	free := []*Served[int]{{}, {}}
	b.ReportAllocs()
	for b.Loop() {
		id, _ := t.Begin(0)
		done = t.Done(FirstConn, 16, done[:0])
		free, _ = r.Ack(FirstConn, done, free)
		s := free[len(free)-1]
		free = free[:len(free)-1]
		r.Begin(FirstConn, id, s)
		r.Finish(s, 100, nil)
		t.Return(FirstConn, id)
	}
}
