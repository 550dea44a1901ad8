package files

import "errors"

// ErrTorn is all that this file has.
//
//objgen:error
var ErrTorn = errors.New("page is torn")
