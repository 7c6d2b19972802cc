#!/usr/bin/env bash
# timeout: 600
# A program that waits for its data to be durable loses nothing in a power cut on ext4 as we mount it; and the bench sees it
# when one does not wait, when the file system sends no barriers, and when the disk ignores flushes. tests/long/power-cut.sh
# does this to the whole box.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"
# shellcheck source=tests/vm/power-cut/bench.sh
. "$SRC/tests/vm/power-cut/bench.sh"

bench_need
box_open "$T"
box_prepare
bench_tiny_make

bench_tiny good good 6
bench_cuts good 40 bench_check_tiny
[ "$bench_failed" = 0 ]
# The same log, made again: the same disk.
for name in once again; do
	"$bench_tools/cut-replay" make "$T/tiny.base" "$T/good.log" "$T/$name" 7 7 "$FROM" "$bench_end" >/dev/null
done
cmp "$T/once" "$T/again"

# found_out NAME: as many of its cuts must fail as make a chance out of the question.
found_out() {
	bench_cuts "$1" 25 bench_check_tiny
	[ "$bench_failed" -ge 3 ] || { echo "$1: not found out"; exit 1; }
}

export SHOWN=1
LYING=yes found_out good
for mode in no-append-sync no-database-sync; do
	bench_tiny "$mode" "$mode" 4
	found_out "$mode"
done
# ext4 writes a file out before it is renamed over another, unless it is told not to.
bench_tiny no-replace-sync no-replace-sync 4 noauto_da_alloc
found_out no-replace-sync
bench_tiny no-barriers good 4 barrier=0
found_out no-barriers
