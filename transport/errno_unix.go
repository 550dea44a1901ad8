//go:build unix

package transport

import (
	"errors"
	"syscall"
)

// isExhausted reports whether accepting failed for want of file descriptors.
func isExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
