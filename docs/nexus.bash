# shellcheck shell=bash
# Completion of the Nexus programs in bash. What there is to complete is asked of the programs
# themselves, so that it is never out of date.

_nexus_help() {
	LC_ALL=C "$@" --help 2>/dev/null
}

# Words of the help: options of all sections, and the names under "Commands:".
_nexus_options() {
	_nexus_help "$@" | grep -oE '(^|[ ,])--[a-z][-a-z0-9]*=?' | tr -d ' ,'
}

_nexus_commands() {
	_nexus_help "$@" | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [^ ]/ { print $1 }'
}

_nexus() {
	local cur=${COMP_WORDS[COMP_CWORD]} word called=("${COMP_WORDS[0]}") commands
	commands=$(_nexus_commands "${called[@]}")
	# Follow the commands that were given: "nexus fleet status".
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if grep -qxF -- "$word" <<<"$commands"; then
			called+=("$word")
			commands=$(_nexus_commands "${called[@]}")
		fi
	done
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_nexus_options "${called[@]}")" -- "$cur")
		[[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace
	elif [ -n "$commands" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
	fi
}

complete -F _nexus nexus nexus-agent nexus-backup nexus-install
