package main

import (
	"context"
	"fmt"

	"github.com/netobj/netobj/internal/cli"
)

// version prints the version that the command was built from.
func version(_ context.Context, t *tool, _ []string) error {
	number, goVersion := cli.Version()
	if t.format == "json" {
		return t.json(map[string]string{"version": number, "go": goVersion})
	}
	_, err := fmt.Fprintf(t.out, "objctl %s (%s)\n", number, goVersion)
	return err
}
