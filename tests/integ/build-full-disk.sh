#!/usr/bin/env bash
# A disk that fills up while the sources are compiled is told as such.
# timeout: 120
set -euo pipefail

if [ "$(id -u)" != 0 ]; then
	echo "needs root to mount a small disk"
	exit 77
fi
mkdir "$T/small"
export SRC T
status=0
# shellcheck disable=SC2016
unshare --mount --propagation private bash -euc '
	mount -t tmpfs -o size=1500k small "$T/small"
	"$SRC/ci/setup" --build-dir="$T/small/build"' >"$T/out" 2>&1 || status=$?
cat "$T/out"
[ $status = 1 ]
tail -n 1 "$T/out" | grep -q 'the disk is full: free some space'
