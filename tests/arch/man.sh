#!/usr/bin/env bash
# Every option and command that a program's help names stands in its man page, and man reads it.
# timeout: 60
# parallel: yes
set -euo pipefail
export LC_ALL=C.UTF-8 LANGUAGE=

mapfile -t programs < <(meson introspect "$BUILD" --targets | jq -r '.[] |
	select(.type == "executable" and .installed) |
	select(.install_filename[0] | test("/s?bin/")) | .filename[0]' | sort -u)
[ ${#programs[@]} -gt 0 ]

failures=0
missing() {
	echo "$1"
	failures=$((failures + 1))
}

# check_help NAME COMMAND...: options as in the help, commands followed into their own help.
check_help() {
	local name=$1 help word
	shift
	help=$("$@" --help </dev/null)
	while IFS= read -r word; do
		grep -qE -- "-${word#-}([^-a-z0-9]|\$)" "$T/$name.text" ||
			missing "$name: $word of '${*:2} --help' is not in the man page"
	done < <(grep -oE '^ +(-[a-zA-Z], )?--[a-z][-a-z0-9]*' <<<"$help" | grep -oE -- '--.*' | grep -vxE -- '--(help|version)')
	while IFS= read -r word; do
		grep -qw -- "$word" "$T/$name.text" ||
			missing "$name: command $word is not in the man page"
		check_help "$name" "$@" "$word"
	done < <(awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [^ ]/ { print $1 }' <<<"$help")
}

for program in "${programs[@]}"; do
	name=${program##*/}
	page=$(find "$SRC/docs" "$SRC/agent" -name "$name.[18]")
	if [ -z "$page" ]; then
		missing "$name: no man page"
		continue
	fi
	# Requests that format are taken out; "Fl -json" becomes "--json".
	sed -E '/^\.\\"/d; s/\bFl -/--/g; s/ (Ns|Cm|Ar|Fl|Op) / /g; s/\\&//g; s/\\-/-/g' "$page" >"$T/$name.text"
	if command -v groff >/dev/null; then
		groff -mandoc -Tutf8 -ww -z "$page" 2>"$T/warnings" || true
		[ ! -s "$T/warnings" ] || missing "$name: $(cat "$T/warnings")"
	fi
	check_help "$name" "$program"
done
echo "${#programs[@]} programs"
[ $failures = 0 ]
