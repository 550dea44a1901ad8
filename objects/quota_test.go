package objects

import "testing"

// admitted counts the turns that have come.
func admitted(turns ...*turn) (n int) {
	for _, t := range turns {
		select {
		case <-t.admitted:
			n++
		default:
		}
	}
	return n
}

func TestQuota(t *testing.T) {
	q := quota{limit: 100}
	if q.enter(1000) != nil {
		t.Fatal("a caller that is alone waits, however much it asks for")
	}
	large, small := q.enter(90), q.enter(5)
	if large == nil || small == nil {
		t.Fatal("places are given that are not there")
	}
	q.leave(1000)
	if admitted(large, small) != 2 {
		t.Fatal("not all are admitted for whom there is room")
	}
	large, small = q.enter(90), q.enter(1)
	if small == nil {
		t.Fatal("a small one overtakes a large one in line")
	}
	q.quit(large)
	if admitted(small) != 1 {
		t.Fatal("the next is not admitted when the first gives up")
	}
	q.quit(small) // although it was admitted
	q.take(200)
	if waits := q.enter(1); waits == nil {
		t.Fatal("places are given beyond those that were taken without asking")
	} else if q.quit(waits); admitted(waits) != 0 {
		t.Fatal("admitted after it gave up")
	}
	q.leave(295)
	if q.used != 0 || len(q.line) != 0 {
		t.Fatalf("left over: %+v", q)
	}
}

func TestQuotaEnds(t *testing.T) {
	q := quota{limit: 1}
	q.enter(1)
	waits := q.enter(1)
	q.end()
	<-waits.admitted
}
