# shellcheck shell=bash
# Sourced by the tests of checkers of a tree: that each kind of fault is seen, and called by its
# name. Expects T, `checker`, a command that is given a folder, and `make_copy`, which makes one
# that is in order.
refusals_missed=0

# expect WORDS COMMAND: a copy that is changed by COMMAND, run in it, must be refused with WORDS.
expect() {
	local words=$1 copy=$T/copy
	rm -rf "$copy"
	make_copy "$copy"
	(cd "$copy" && eval "$2")
	# shellcheck disable=SC2154 # the sourcing script sets it
	if "$checker" "$copy" >"$T/out" 2>&1; then
		echo "NOT SEEN: $words"
		refusals_missed=$((refusals_missed + 1))
	elif ! grep -qF -- "$words" "$T/out"; then
		echo "seen, but not as '$words':"
		cat "$T/out"
		refusals_missed=$((refusals_missed + 1))
	else
		echo "seen: $words"
	fi
}
