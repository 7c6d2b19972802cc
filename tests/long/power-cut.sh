#!/usr/bin/env bash
# timeout: 5400
# Hundreds of power cuts while a box's own programs work: nexus-backup backs up, nexus-bootstate marks the slot good and
# rewrites the boot state, and another program appends, commits to SQLite and replaces files. Whatever was said to be done must
# be there, the repository whole for stock restic, the file system for e2fsck. CUT_SEED chooses other cuts.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"
# shellcheck source=tests/vm/power-cut/bench.sh
. "$SRC/tests/vm/power-cut/bench.sh"

bench_need
box_open "$T"
box_prepare
bench_tiny_make
bench_tiny_box

TRIES=6000 UNTIL='backed up 6' bench_tiny box box 2
grep -E '^(marked|backed up)' "$T/box.words" | tail -n 2
bench_cuts box 240 bench_check_box
lost=$bench_failed
# The bench sees it when the disk ignores flushes.
LYING=yes SHOWN=1 bench_cuts box 20 bench_check_box
[ "$bench_failed" -ge 5 ] || { echo "a disk that ignores flushes is not found out"; exit 1; }
[ "$lost" = 0 ] || { echo "$lost cuts did harm"; exit 1; }
