# shellcheck shell=bash
# How texts for people are found in the sources; sourced, never run.

# po_candidates TREE: every source that may speak to a person; headers have tables of options.
po_candidates() {
	(cd "$1" && find . -path './lib/*' -name '*.c' -o -path './backup/*' -name '*.[ch]' \
		-o -path './agent/*' -name '*.[ch]' -o -path './provision/*' -name '*.[ch]' \
		-o -path './console/*' -name '*.[ch]') | sed 's|^\./||' | LC_ALL=C sort
}

# po_sources TREE: those with a text for gettext.
po_sources() {
	po_candidates "$1" | while IFS= read -r source; do
		! grep -qE '\b(_|N_|P_)\(' "$1/$source" || printf '%s\n' "$source"
	done
}

# po_extract TREE POT: all texts of the sources in TREE/po/POTFILES.
po_extract() {
	local arguments
	mapfile -t arguments <"$1/po/xgettext.args"
	(cd "$1" && xgettext "${arguments[@]}" --files-from=po/POTFILES --output=-) |
		sed 's/charset=CHARSET/charset=UTF-8/' >"$2"
}
