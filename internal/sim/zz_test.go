package sim

import (
	"fmt"
	"os"
	"testing"
)

func TestZZ(t *testing.T) {
	alone(t)
	for i := range 2 {
		f, _ := os.Create(fmt.Sprintf("/tmp/zz%d", i))
		s := Draw(*seed, *steps)
		r := run(t, s, f)
		fmt.Println(r.Hash, r.Bad)
		f.Close()
	}
}
