package lifetime

import (
	"reflect"
	"testing"
)

func TestStatementsTravelInParts(t *testing.T) {
	whole := func() Statement {
		return Statement{Held: []Held{{1, 1}, {2, 5}, {9, 1}}, Calls: []CallID{3, 4}, Have: []CallID{7, 8, 11}}
	}
	limits := StatementLimits{Held: 3, Calls: 2, Have: 3}
	for size := 1; size < 10; size++ {
		var got Statement
		parts := 0
		for left, more := whole(), true; more; parts++ {
			var part Statement
			if part, more = left.Part(size); len(part.Held)+len(part.Calls)+len(part.Have) > size {
				t.Errorf("a part of %d entries at most is %+v", size, part)
			}
			if err := got.Add(part, limits); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got, whole()) || parts != (8+size-1)/size {
			t.Errorf("in parts of %d, %d of them: %+v", size, parts, got)
		}
	}
	var empty Statement
	if part, more := empty.Part(9); more || !reflect.DeepEqual(part, Statement{}) {
		t.Errorf("nothing is %+v, more: %v", part, more)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	limits := StatementLimits{Held: 1, Calls: 1, Have: 1}
	full := Statement{Held: []Held{{1, 1}}, Calls: []CallID{1}, Have: []CallID{1}}
	var s Statement
	if err := s.Add(full, limits); err != nil {
		t.Fatal(err)
	}
	for _, more := range []Statement{{Held: full.Held}, {Calls: full.Calls}, {Have: full.Have}} {
		if s.Add(more, limits) == nil {
			t.Errorf("%+v is one too many", more)
		}
	}
}
