package files

// Options has no generated file of its own.
type Options struct{ Fast bool }

// Style neither.
type Style struct{ Bold bool }
