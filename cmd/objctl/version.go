package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

// version prints the version that the command was built from.
func version(_ context.Context, t *tool, _ []string) error {
	number, goVersion := "(devel)", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			number = info.Main.Version
		}
		goVersion = info.GoVersion
	}
	if t.format == "json" {
		return t.json(map[string]string{"version": number, "go": goVersion})
	}
	_, err := fmt.Fprintf(t.out, "objctl %s (%s)\n", number, goVersion)
	return err
}
