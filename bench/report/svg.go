package report

import (
	"fmt"
	"strings"

	"github.com/netobj/netobj/bench/peer"
)

// panel is one bar chart of the picture.
type panel struct {
	title, row, key, unit string
}

var panels = []panel{
	{"64 callers on one connection: calls per second (longer is better)", "W2", "rate.64", ""},
	{"one caller: median time of a call (shorter is better)", "W1", "echo.p50", " us"},
}

// Sizes of the picture, in pixels.
const (
	svgWidth = 720
	svgLeft  = 110 // of the bars
	svgRight = 90  // room for figures
	svgBar   = 20
	svgHead  = 34
)

const svgStyle = `text{font:13px sans-serif;fill:#24292f}.t{font-weight:bold}.b{fill:#afb8c1}.o{fill:#0969da}` +
	`@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#57606a}.o{fill:#4493f8}}`

// SVG returns the picture for the README: medians as bars, this runtime's marked.
func (r *Report) SVG() string {
	var b strings.Builder
	y := 0
	for _, p := range panels {
		y = r.draw(&b, p, y)
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<style>%s</style>\n%s</svg>\n",
		svgWidth, y, svgWidth, y, svgStyle, b.String())
}

// draw draws a panel from y on and returns where it ends; without figures it
// draws nothing.
func (r *Report) draw(b *strings.Builder, p panel, y int) int {
	var most float64
	medians := map[string]float64{}
	for _, name := range r.Peers {
		if v := r.Values(p.row, name, p.key); len(v) > 0 {
			medians[name] = v.Spread().Median
			most = max(most, medians[name])
		}
	}
	if most == 0 {
		return y
	}
	fmt.Fprintf(b, "<text class=\"t\" x=\"4\" y=\"%d\">%s</text>\n", y+22, p.title)
	y += svgHead
	for _, name := range r.Peers {
		v, ok := medians[name]
		if !ok {
			continue
		}
		class := "b"
		if peer.Named(name).Traits().Ours {
			class = "o"
		}
		width := v / most * (svgWidth - svgLeft - svgRight)
		fmt.Fprintf(b, "<text x=\"4\" y=\"%d\">%s</text>", y+14, name)
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", class, svgLeft, y+2, width, svgBar-5)
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\">%s%s</text>\n", svgLeft+width+6, y+14, svgNumber(v), p.unit)
		y += svgBar
	}
	return y + 10
}

func svgNumber(v float64) string {
	if v < 1000 {
		return number(v, 1)
	}
	return number(v, 0)
}
