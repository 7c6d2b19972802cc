#!/usr/bin/env bash
# kill -9 before every kind of write and at random moments: no firmware finds a disk that is not
# finished, and running again succeeds.
# timeout: 900
# parallel: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
need
use_layout small
use_faults

stick=$T/stick.img
"$SRC/tests/integ/install/stick" "$stick" || fail "make stick"
new_disk disk
run_fault "write $disk 1000000 eio" --source "$stick" --target "$disk" --yes
expect 0 DONE "a whole installation"
writes=$(cat "$T/count")

# The first writes of a whole installation take away, the last ones make bootable: all of them;
# in the middle every third.
points=()
for ((at = 0; at < writes; at++)); do
	if [ $at -lt 4 ] || [ $at -ge $((writes - 3)) ] || [ $((at % 4)) = 0 ]; then
		points+=("$at")
	fi
done
for at in "${points[@]}"; do
	run_fault "write $disk $at kill" --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
	[ "$status" = 137 ] || fail "kill at write $at: exit status $status"
	consistent "$stick" "$disk" "kill at write $at"
	if [ "$at" -gt 2 ] && [ "$at" -lt $((writes - 1)) ]; then
		bios_boots "$disk" && fail "kill at write $at: a BIOS would boot it"
	fi
done
ok "killed before each of ${#points[@]} of $writes writes"
run --source "$stick" --target "$disk" --yes
expect 0 DONE "running again after the last kill, without a confirmation"
complete "$stick" "$disk" || fail "complete after running again"

# The first installation of a blank disk, killed in its data step, needs no confirmation either.
for try in $(seq 12); do
	wipefs -qaf "$disk"
	dd if=/dev/zero of="$disk" bs=1M conv=notrunc status=none 2>/dev/null || true
	"$program" --layout "$layout" --source "$stick" --target "$disk" --yes >"$T/out" 2>"$T/err" </dev/null &
	pid=$!
	sleep "0.$((RANDOM % 90 + 10))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	consistent "$stick" "$disk" "kill at a random moment ($(tail -n 1 "$T/err"))"
	run --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
	expect 0 DONE "try $try: running again"
	complete "$stick" "$disk" || fail "try $try: complete"
done
finish
