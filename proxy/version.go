package proxy

// SupportsGen1 is named by every generated file of generation 1. It stays for
// as long as the runtime serves such files, which is for ever: a new generation
// adds a constant and removes none.
const SupportsGen1 = true

// SupportsGen2 is that of generation 2: a proxy is its Ref under another type, methods
// have directives, and calls may go directly to an object of the same process.
const SupportsGen2 = true
