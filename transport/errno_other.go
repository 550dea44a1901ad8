//go:build !unix

package transport

// isExhausted reports whether accepting failed for want of file descriptors.
func isExhausted(error) bool { return false }
