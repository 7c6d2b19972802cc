#!/usr/bin/env bash
# ci/lint sees each kind of thing that it is there for.
# timeout: 300
# parallel: yes
set -euo pipefail

tree=$T/tree
mkdir -p "$tree/lib"
cp -r "$SRC/ci" "$SRC/.clang-format" "$SRC/.clang-tidy" "$SRC/.shellcheckrc" "$tree/"
cp -r "$SRC/lib/base" "$tree/lib/base"
# It sources what is not here.
rm -f "$tree/ci/demo"
git -C "$tree" init -q
export NEXUS_CACHE=$T/cache
failures=0

# expect CHECK WORDS COMMAND: after COMMAND the check must fail and say WORDS; it passes again
# when that is undone. No WORDS: it must pass.
expect() {
	local check=$1 words=$2 status=0
	cp -r "$tree" "$T/before"
	(cd "$tree" && eval "$3")
	BUILD=$tree/build "$tree/ci/lint" "$check" >"$T/out" 2>&1 || status=$?
	rm -rf "$tree"
	mv "$T/before" "$tree"
	if [ $status = 77 ]; then
		echo "$check: $(tail -n 1 "$T/out")"
	elif [ -z "$words" ] && [ $status = 0 ]; then
		echo "$check: clean when it is"
	elif [ -n "$words" ] && [ $status = 1 ] && grep -qF -- "$words" "$T/out"; then
		echo "$check: $words"
	else
		echo "$check: expected '$words', got status $status and:"
		cat "$T/out"
		failures=$((failures + 1))
	fi
}

expect format '' true
expect format 'hex.c:' 'sed -i "s/^void hex_format(const/void  hex_format(const/" lib/base/hex.c'
expect shell '' true
expect shell 'SC2086' 'printf "#!/bin/sh\nrm \$1\n" >ci/new'
expect shell 'SC2086' 'printf "# shellcheck shell=bash\nrm \$1\n" >ci/new.bash'
expect text '' true
expect text 'new:1:a   <- space at the end' 'printf "a \nb\n" >new'
expect text 'new: no line break at the end' 'printf "a" >new'
expect names '' true
host=$(. "$SRC/ci/lib.sh" && apt_archives | sed -n 's|^[a-z+]*://\([^/]*\).*|\1|p' | head -n 1)
[ -z "$host" ] || expect names "new:1:$host" 'echo "$host" >new'
expect names 'new:1:' 'echo "$tree/lib" >new'
expect names 'new:1:to do: TO''DO' 'echo "to do: TO""DO" >new'

# The two that read C as it is compiled.
compile_commands() {
	mkdir -p build
	jq -n --arg dir "$PWD/build" --arg command "cc -I../lib -D_GNU_SOURCE -MD -MQ x -MF x -o x -c ../lib/new.c" \
		'[{directory: $dir, command: $command, file: "../lib/new.c"}]' >build/compile_commands.json
}
export fine='int new_sum(int a, int b);

int new_sum(int a, int b)
{
	return a + b;
}'
expect tidy '' 'echo "$fine" >lib/new.c; compile_commands'
expect tidy 'bugprone-infinite-loop' \
	'echo "${fine/return a + b;/for (int i = 0; a < b;) i++; return a;}" >lib/new.c; compile_commands'
expect cppcheck '' 'echo "$fine" >lib/new.c; compile_commands'
expect cppcheck 'arrayIndexOutOfBounds' \
	'echo "${fine/return a + b;/int t[2] = {a, b\}; return t[2];}" >lib/new.c; compile_commands'
[ $failures = 0 ]
