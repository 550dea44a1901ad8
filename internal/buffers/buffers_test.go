package buffers

import "testing"

// TestClasses: a buffer is at least as large as asked for, at most a quarter larger,
// and serves the same demand when it is put back.
func TestClasses(t *testing.T) {
	for n := 1; n < 1<<27; n += 1 + n/20 {
		b := Get(n)
		if len(b) != n || cap(b) != Cap(n) || n >= Min && n <= 64<<20 && cap(b) > n+n/4 {
			t.Fatalf("%d bytes were asked for; got %d of %d", n, len(b), cap(b))
		}
		if c := cap(b); c >= Min && c <= 64<<20 && size(classOf(c)) != c {
			t.Fatalf("a buffer of %d bytes is put with those of %d", c, size(classOf(c)))
		}
	}
	for c := range classes {
		if n := size(c); classOf(n) != c || classOf(n+1) != c || c > 0 && classOf(n-1) != c-1 {
			t.Errorf("class %d, of %d bytes: found in class %d", c, n, classOf(n))
		}
	}
}

// TestForeignBuffers: a buffer that was not made here is never handed out for more
// than it has.
func TestForeignBuffers(t *testing.T) {
	for _, n := range []int{0, Min - 1, Min, Min + 1, 100_000, 1 << 20, 1<<26 + 1, 1 << 28} {
		Put(make([]byte, 10, max(n, 10)))
		if b := Get(n); len(b) != n {
			t.Errorf("%d bytes were asked for; got %d", n, len(b))
		}
	}
}

// TestGrow: what was there stays, and appending n bytes needs no other buffer.
func TestGrow(t *testing.T) {
	var b []byte
	for n := 1; n < 1<<22; n *= 3 {
		b = Grow(b, n)
		before := cap(b)
		for i := range n {
			b = append(b, byte(n+i))
		}
		if n >= Min && cap(b) != before {
			t.Fatalf("%d bytes were announced; the buffer grew from %d to %d", n, before, cap(b))
		}
	}
	at := 0
	for n := 1; n < 1<<22; n *= 3 {
		for i := range n {
			if b[at] != byte(n+i) {
				t.Fatalf("byte %d is %d", at, b[at])
			}
			at++
		}
	}
}

// TestReuse: between collections a buffer that was put back comes again.
func TestReuse(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Put(Get(1 << 20)) }); n > 1 { // the slice's header
		t.Errorf("%v allocations", n)
	}
}
