package main

import (
	"context"
	"fmt"
	"strings"
)

// completion prints a script that completes commands, flags, and names from the
// registry.
func completion(_ context.Context, t *tool, args []string) error {
	script, ok := scripts[args[0]]
	if !ok {
		return &usageError{fmt.Sprintf("no completion for %q; there are bash, zsh and fish", args[0])}
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	_, err := fmt.Fprint(t.out, strings.ReplaceAll(script, "COMMANDS", strings.Join(names, " ")))
	return err
}

var scripts = map[string]string{
	"bash": `# bash completion for objctl: source <(objctl completion bash)
_objctl() {
	local word=${COMP_WORDS[COMP_CWORD]}
	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W "COMMANDS" -- "$word"))
	elif [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "--registry --timeout -o --tls-ca --tls-cert --tls-key" -- "$word"))
	elif ((COMP_CWORD == 2)); then
		local name # names come from others: they are quoted, never evaluated
		COMPREPLY=()
		while read -r name _; do
			COMPREPLY+=("$(printf %q "$name")")
		done < <(objctl ls --timeout 1s -- "$word" 2>/dev/null | tail -n +2)
	fi
}
complete -F _objctl objctl
`,
	"zsh": `#compdef objctl
# zsh completion for objctl: source <(objctl completion zsh)
_objctl() {
	if ((CURRENT == 2)); then
		compadd COMMANDS
	elif ((CURRENT == 3)); then
		compadd -- $(objctl ls --timeout 1s 2>/dev/null | awk 'NR > 1 { print $1 }')
	fi
}
compdef _objctl objctl
`,
	"fish": `# fish completion for objctl: objctl completion fish | source
complete -c objctl -f
complete -c objctl -n "__fish_use_subcommand" -a "COMMANDS"
complete -c objctl -n "__fish_seen_subcommand_from inspect call rm" -a "(objctl ls --timeout 1s 2>/dev/null | awk 'NR > 1 { print \$1 }')"
complete -c objctl -l registry -l timeout -s o -l tls-ca -l tls-cert -l tls-key
`,
}
