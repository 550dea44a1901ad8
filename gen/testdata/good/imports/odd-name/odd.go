// Package odd has another name than its folder.
package odd

// Odd is a number.
type Odd uint8
