package wire

// Names remembers the names of interfaces that came in reference tables, so that
// a million references share one text. A session's reader has one; nil remembers
// nothing. It keeps the first names that it meets: a peer that sends ever new ones
// gains nothing but that its later ones are not shared.
type Names struct{ known map[string]string }

// maxNames bounds the memory that Names takes: 64 KiB, were all names as long as
// they may be.
const maxNames = 128

// text returns raw as a string, the same one as before if it is known.
func (n *Names) text(raw []byte) string {
	if n == nil {
		return string(raw)
	}
	if known, ok := n.known[string(raw)]; ok {
		return known
	}
	name := string(raw)
	if n.known == nil {
		n.known = map[string]string{}
	}
	if len(n.known) < maxNames {
		n.known[name] = name
	}
	return name
}
