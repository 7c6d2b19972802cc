#!/usr/bin/env bash
# Every program that a person starts answers --help and a mistake in Spanish when asked to.
# timeout: 120
# parallel: yes
set -euo pipefail

# glibc translates in no "C" locale, so a Spanish one is compiled for this test alone.
mkdir "$T/locales"
localedef -i es_VE -f UTF-8 "$T/locales/es_VE.UTF-8"
export LOCPATH=$T/locales NEXUS_LOCALEDIR=$BUILD/po

mapfile -t programs < <(meson introspect "$BUILD" --targets | jq -r '.[] |
	select(.type == "executable" and .installed) |
	select(.install_filename[0] | test("/s?bin/")) | .filename[0]' | sort -u)
if [ ${#programs[@]} = 0 ]; then
	echo "no program to run in $BUILD"
	exit 1
fi

failures=0
# compare PROGRAM ARGUMENT: no line of prose (three words or more) may be the same in both.
compare() {
	local program=$1 same
	shift
	LC_ALL=C LANGUAGE='' "$program" "$@" >"$T/en" 2>&1 </dev/null || true
	LC_ALL=es_VE.UTF-8 LANGUAGE=es "$program" "$@" >"$T/es" 2>&1 </dev/null || true
	if ! [ -s "$T/en" ] || ! [ -s "$T/es" ]; then
		echo "${program##*/} $*: says nothing"
		failures=$((failures + 1))
		return
	fi
	same=$(grep -E '[[:alpha:]]{2,} [[:alpha:]]{2,} [[:alpha:]]{2,}' "$T/en" | grep -Fxf "$T/es" || true)
	if grep -q '^Project-Id-Version:' "$T/es"; then
		echo "${program##*/} $*: shows the header of the catalogue, which is what \"\" translates to"
		failures=$((failures + 1))
	elif [ -n "$same" ] || cmp -s "$T/en" "$T/es"; then
		echo "${program##*/} $*: not in Spanish:"
		printf '%s\n' "${same:-$(cat "$T/es")}"
		failures=$((failures + 1))
	else
		echo "${program##*/} $*: $(head -n 1 "$T/es")"
	fi
}

for program in "${programs[@]}"; do
	compare "$program" --help
	compare "$program" --no-such-option
done
[ $failures = 0 ]

# Words that stand within a sentence.
LC_ALL=es_VE.UTF-8 LANGUAGE=es "$BUILD/tests/unit/console/test-console-progress"

# Error chains stay English even where the C library speaks Spanish.
spanish=$(LC_ALL=es_VE.UTF-8 LANGUAGE=es cat /not/there 2>&1 || true)
if [[ $spanish == *"No such file"* ]]; then
	echo "the C library has no Spanish here (package libc-l10n); its chains are not tested"
else
	LC_ALL=es_VE.UTF-8 LANGUAGE=es "$BUILD/tests/unit/base/test-base-err"
fi
