// Package shapes nests lists, maps, arrays and pointers in each other, in
// methods without a context.
package shapes

// Byte is a byte with a name.
type Byte byte

// Blob is a list of them.
type Blob []Byte

// Row is a named list.
type Row []int32

// Matrix is a list of lists.
type Matrix []Row

// Ptr is a named pointer.
type Ptr *Row

// Index is a map of maps.
type Index map[string]map[int]map[bool][]*Cell

// Cell is a struct with everything inside.
type Cell struct {
	Bytes  []byte
	Blob   Blob
	Raw    [4]byte
	Named  [2]Byte
	Grid   [2][3]Row
	Deep   ***int
	PSlice *[]*string
	PMap   *map[string]*Row
	PArray *[2]int
	Ptr    Ptr
	Anon   struct{ A, B []struct{ C int } }
	Keys   map[Key]map[[2]byte]string
	Any    []map[string]any
}

// Key is a struct that is a map key.
type Key struct{ A, B int }

// Void has nothing that travels.
type Void struct{}

// Deep takes them.
//
//objgen:export
type Deep interface {
	Take(m Matrix, i Index, c *Cell, cs ...[]Cell) error
	Give() (a [2][]byte, b []map[string]Matrix, c **Cell, d map[string]map[string]int, err error)
	Maps(a, b map[string]int, c map[Key]bool) (d, e map[string][]map[int]string, err error)
	Any(a any, b ...any) (any, []any, map[string]any, error)
	Empty(a struct{}, b []Void, c map[string]struct{}, d *Void, e [2]struct{}, f [0]Cell) (struct{}, Void, []Void, error)
	Many(a int, b int8, c int16, d int32, e int64, f uint, g uint8, h uint16, i uint32, j uint64, k float32, l float64, m bool, n string) error
}
