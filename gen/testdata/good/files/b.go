package files

import "context"

// Page is declared here and needed there.
type Page struct {
	Number int
	Text   string
	Style  Style
}

//objgen:export
type Printer interface {
	Print(ctx context.Context, p Page, o Options) error
}
