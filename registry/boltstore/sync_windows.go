package boltstore

// syncDir does nothing: Windows has no handle on a folder to sync, and writes
// names itself.
func syncDir(string) error { return nil }
