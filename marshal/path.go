package marshal

import (
	"fmt"
	"strings"
)

// pathAt renders the place of byte offset in data as a path of indexes and map
// keys. Codecs therefore need not keep track of where they are: the bytes that
// were written or read so far tell, and only errors ask.
func pathAt(data []byte, offset int) string {
	var path strings.Builder
	for off := 0; off < offset; {
		h, reason := readHead(data, off)
		if reason != "" {
			break
		}
		switch h.major {
		case majorTag:
			off += h.size
			continue
		case majorArray:
			index, start := childAt(data, off+h.size, offset, 1)
			fmt.Fprintf(&path, "[%d]", index)
			off = start
			continue
		case majorMap:
			_, start := childAt(data, off+h.size, offset, 2)
			value := skip(data, start)
			if value > offset || start >= len(data) { // the place is in the key
				return path.String()
			}
			path.WriteString(keyText(data[start:value]))
			off = value
			continue
		}
		break
	}
	return path.String()
}

// childAt finds the child, of so many items each, that offset lies in.
func childAt(data []byte, off, offset, items int) (index, start int) {
	for {
		next := off
		for range items {
			next = skip(data, next)
		}
		if next > offset || next <= off || next >= len(data) && offset >= off {
			return index, off
		}
		off = next
		index++
	}
}

// keyText renders a map's key: .Name, or ["any other"].
func keyText(key []byte) string {
	h, reason := readHead(key, 0)
	switch {
	case reason != "" || h.size+int(h.body()) > len(key):
		return "[?]"
	case h.major == majorText:
		text := string(key[h.size:])
		if isName(text) {
			return "." + text
		}
		return fmt.Sprintf("[%q]", text)
	case h.major == majorUint:
		return fmt.Sprintf("[%d]", h.arg)
	case h.major == majorNegInt:
		return fmt.Sprintf("[-%d]", h.arg+1)
	}
	return fmt.Sprintf("[0x%x]", key)
}

func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
