#!/usr/bin/env bash
# ci/test counts what passes, fails, is skipped and takes too long, and leaves nothing behind.
# timeout: 60
# parallel: yes
set -euo pipefail

# A tree with the real runner and tests of our own; there is nothing to build in it.
tree=$T/tree
mkdir -p "$tree/tests/arch" "$tree/tests/integ"
cp -r "$SRC/ci" "$tree/"
printf '#!/bin/sh\n' >"$tree/ci/setup"
test_of() {
	printf '#!/usr/bin/env bash\n# A test.\n%s\n' "$2" >"$tree/tests/$1.sh"
}
test_of arch/good '[ -d "$T" ] && [ -n "$BUILD" ] && echo "$T" >>"$SRC/used" && touch "$T/left"'
test_of arch/bad 'echo "this went wrong"; exit 1'
test_of arch/away 'echo "no such thing here"; exit 77'
test_of arch/slow $'# timeout: 1\nsleep 30'
test_of arch/beside $'# parallel: yes\nexit 0'
test_of integ/only 'exit 0'
# Takes the runner of this one test along.
test_of arch/lost $'# parallel: yes\nkill -KILL "$(ps -o ppid= -p "$PPID" | tr -d " ")"'
printf '# shellcheck shell=bash\nexit 1\n' >"$tree/tests/arch/sourced.sh"

# expect STATUS LAST-LINE ARGUMENT...
expect() {
	local status=0 wanted=$1 last=$2
	shift 2
	TMPDIR=$T "$tree/ci/test" "$@" >"$T/out" 2>&1 || status=$?
	if [ "$status" != "$wanted" ] || [ "$(tail -n 1 "$T/out")" != "$last" ]; then
		echo "ci/test $*: status $status, expected $wanted and '$last':"
		cat "$T/out"
		exit 1
	fi
	echo "ci/test $*: $last"
}

expect 1 '2 passed, 3 failed, 1 skipped' arch
grep -q '^  FAIL arch/bad ' "$T/out"
grep -q '^  | this went wrong' "$T/out"
grep -q '^  | ended after 1 s, its limit' "$T/out"
grep -q '^  | it left no result' "$T/out"
grep -q '^  skip arch/away .* no such thing here' "$T/out"
expect 0 '1 passed, 0 failed' arch/good
expect 0 '0 passed, 0 failed, 1 skipped' arch/away
expect 1 '0 passed, 1 failed' arch/bad
expect 0 '2 passed, 0 failed' arch/beside integ
expect 1 "test: no test tests/arch/none.sh" arch/none
expect 1 "test: unknown suite 'nothing'; there are: unit arch i18n lint fuzz asan integ vm long deb" nothing
expect 1 "test: unknown option '--nothing'; try 'ci/test --help'" --nothing
[ "$(wc -l <"$tree/used")" = 2 ]
while IFS= read -r scratch; do
	[ ! -e "$scratch" ] || {
		echo "left behind: $scratch"
		exit 1
	}
done <"$tree/used"
