package main

import (
	"context"
	"fmt"
)

// help prints what a command takes, or what commands there are.
func help(_ context.Context, t *tool, args []string) error {
	if len(args) > 0 {
		cmd, err := find(args[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "Usage: objctl [flags] %s\n\nTo %s.\n%s\n%s", cmd.synopsis(), cmd.help, cmd.more, flagHelp)
		return err
	}
	fmt.Fprint(t.out, "Usage: objctl [flags] COMMAND [arguments]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(t.out, "  %-28s %s\n", c.synopsis(), c.help)
	}
	_, err := fmt.Fprintf(t.out, "\n%s\nExit codes: 0 ok, 1 failed, 2 usage, 3 not found.\n", flagHelp)
	return err
}
