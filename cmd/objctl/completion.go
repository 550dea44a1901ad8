package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netobj/netobj/objects"
)

const completionHelp = `
  bash: source <(objctl completion bash)
  zsh:  source <(objctl completion zsh)
  fish: objctl completion fish | source

Completes commands, flags, the names that the registry has, and the methods of
the object that is to be called.
`

// completion prints a shell's completion script.
func completion(_ context.Context, t *tool, args []string) error {
	script, ok := scripts[args[0]]
	if !ok {
		return usagef("no completion for %q; there are bash, zsh and fish", args[0])
	}
	_, err := fmt.Fprint(t.out, script)
	return err
}

// The scripts ask objctl itself. What it prints comes from others, names of a
// registry say: a shell quotes it and never evaluates it.
var scripts = map[string]string{
	"bash": `# bash completion for objctl: source <(objctl completion bash)
_objctl() {
	local found
	COMPREPLY=()
	while IFS= read -r found; do
		COMPREPLY+=("$(printf %q "$found")")
	done < <(objctl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _objctl objctl
`,
	"zsh": `#compdef objctl
# zsh completion for objctl: source <(objctl completion zsh)
_objctl() {
	local -a found
	found=(${(f)"$(objctl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	compadd -a found
}
compdef _objctl objctl
`,
	"fish": `# fish completion for objctl: objctl completion fish | source
complete -c objctl -f -a '(objctl __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

// completer is the name of the command that the scripts call, see [complete].
const completer = "__complete"

// patience is how long a completion may take.
const patience = time.Second

// complete prints what may stand for the last word of line, one a line. Line is
// what stands behind objctl, up to the cursor; the last word is unfinished or
// empty. What cannot be found out is not offered.
func complete(ctx context.Context, t *tool, line []string) error {
	if len(line) == 0 {
		return nil
	}
	begun, last := line[:len(line)-1], line[len(line)-1]
	words, _ := t.parse(begun) // t takes the line's flags, to find the registry
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, word := range t.candidates(ctx, begun, words, last) {
		if strings.HasPrefix(word, last) && word == clean(word) {
			fmt.Fprintln(t.out, word)
		}
	}
	return nil
}

// candidates returns the words that may follow: begun is the line so far, words
// is the same without flags.
func (t *tool) candidates(ctx context.Context, begun, words []string, last string) []string {
	switch {
	case len(begun) > 0 && begun[len(begun)-1] == "-o":
		return []string{"table", "json"}
	case isFlag(last) || last == "-":
		return flagNames()
	case len(words) == 0:
		return commandNames()
	case len(words) == 1:
		return t.arguments(ctx, words[0], last)
	case len(words) == 2 && words[0] == "call":
		return t.methods(ctx, words[1])
	}
	return nil
}

func flagNames() (all []string) {
	(&options{}).flags().VisitAll(func(f *flag.Flag) {
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = "-"
		}
		all = append(all, dashes+f.Name)
	})
	return all
}

// arguments returns what a command's first argument may be.
func (t *tool) arguments(ctx context.Context, cmd, prefix string) (all []string) {
	switch cmd {
	case "completion":
		return []string{"bash", "zsh", "fish"}
	case "help":
		return commandNames()
	case "ls", "inspect", "call", "watch", "rm", "refs", "conns", "leases", "leaks":
		names, err := t.names(ctx)
		if err != nil {
			return nil
		}
		entries, _ := names.List(ctx, prefix)
		for _, e := range entries {
			all = append(all, e.Name)
		}
	}
	return all
}

// methods returns the methods of the object bound to name.
func (t *tool) methods(ctx context.Context, name string) (all []string) {
	ref, err := t.object(ctx, name)
	if err != nil {
		return nil
	}
	interfaces, _ := objects.Describe(ctx, ref)
	for _, d := range interfaces {
		for _, m := range d.Methods {
			all = append(all, m.Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
