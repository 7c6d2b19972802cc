#!/usr/bin/env bash
# Sticks and disks that fail in the middle: the disk is left without anything to boot, the person
# is told so, and running again succeeds.
# timeout: 600
# parallel: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
need
use_layout small
use_faults

good=$T/good.img
"$SRC/tests/integ/install/stick" "$good" || fail "make stick"
cp --sparse=always "$good" "$T/stick.img"
attach "$T/stick.img"
stick=$loop
new_disk disk

# How many reads of the stick and writes of the disk a whole installation has.
run_fault "read $stick 1000000 eio" --source "$stick" --target "$disk" --yes
expect 0 DONE "a whole installation under the library"
reads=$(cat "$T/count")
run_fault "write $disk 1000000 eio" --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
expect 0 DONE "another"
writes=$(cat "$T/count")
complete "$good" "$disk" || fail "complete"
echo "$reads reads of the stick, $writes writes of the disk"

again() {
	run --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
	expect 0 DONE "$1: running again"
	complete "$good" "$disk" || fail "$1: complete after running again"
}

# broken WHAT TEXT: after a failure of run_fault.
broken() {
	if [ "$status" != 1 ] || ! said "$2"; then
		fail "$1: exit status $status, wanted 1 and \"$2\""
		cat "$T/out" "$T/err" >&2
	fi
	if said "Nothing was changed on the disk"; then
		changed "$disk" && fail "$1: it was changed after all"
	else
		said "does not boot. Run the installer again" || fail "$1: it is not said that the disk does not boot"
		bios_boots "$disk" && fail "$1: a BIOS would boot it"
		uefi_boots "$disk" && fail "$1: UEFI would boot it"
	fi
	consistent "$good" "$disk" "$1"
	[ "${3:-}" = "no report" ] || stick_file "$stick" nexus-seed report.json |
		jq -e '.result == "failed" and (.error | length) > 0' >/dev/null || fail "$1: report"
}

remember "$disk"
for at in 0 3 $((reads / 2)) $((reads - 6)) $((reads - 1)); do
	run_fault "read $stick $at eio" --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
	broken "read $at of the stick fails" "Input/output error" "no report"
	said "Was it pulled out?" || fail "read $at of the stick fails: a hint"
	ok "read $at of the stick fails"
done
again "after failing reads"
for at in 0 1 $((writes / 3)) $((writes * 2 / 3)) $((writes - 2)); do
	remember "$disk"
	run_fault "write $disk $at eio" --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
	if [ "$at" -lt 2 ]; then
		# What was there before is not gone yet: still a whole box, or one for UEFI alone.
		[ "$status" = 1 ] || fail "write $at: exit status $status"
		consistent "$good" "$disk" "write $at of the disk fails"
	elif [ "$at" -ge $((writes - 2)) ]; then
		[ "$status" = 1 ] || fail "write $at: exit status $status"
		consistent "$good" "$disk" "write $at of the disk fails"
	else
		broken "write $at of the disk fails" "Input/output error"
	fi
	ok "write $at of the disk fails"
done
run_fault "write $disk $((writes / 3)) enospc" --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
broken "the disk is full" "No space left"
for at in $((writes / 4)) $((writes / 2)) $((writes - 3)); do
	run_fault "write $disk $at flip" --source "$stick" --target "$disk" --confirm "${disk#/dev/}"
	broken "write $at stores something else" "check "
	ok "write $at stores something else"
done
again "after failing writes"

# A stick that is pulled, for real: the file behind it is cut short while the installer stands
# still in the middle of copying.
pulled=$((reads - 4)) # the last eight reads copy kernel and root
FAULT="read $stick $pulled stop" LD_PRELOAD=$T/fault.so "$program" --layout "$layout" --source "$stick" \
	--target "$disk" --confirm "${disk#/dev/}" >"$T/out" 2>"$T/err" </dev/null &
pid=$!
for _ in $(seq 300); do
	[ "$(awk '{ print $3 }' "/proc/$pid/stat")" != T ] || break
	sleep 0.05
done
grep -q 'step copy begins' "$T/err" || fail "it stood still while copying: $(cat "$T/err")"
truncate -s 0 "$T/stick.img"
kill -CONT $pid
status=0
wait $pid || status=$?
expect 1 "Was it pulled out?" "a stick that is pulled"
said "does not boot. Run the installer again" || fail "a stick that is pulled: what it means"
bios_boots "$disk" && fail "a stick that is pulled: a BIOS would boot it"
uefi_boots "$disk" && fail "a stick that is pulled: UEFI would boot it"
detach "$stick"
cp --sparse=always "$good" "$T/stick.img"
attach "$T/stick.img"
stick=$loop
again "after the stick was pulled"

# A disk that really has no room: its file lies on a small file system.
mkdir "$T/small"
mount -t tmpfs -o size=50m none "$T/small"
truncate -s $((needed + (64 << 20))) "$T/small/disk"
attach "$T/small/disk"
run --source "$stick" --target "$loop" --yes
expect 1 "does not boot. Run the installer again" "a disk whose writes fail"
bios_boots "$loop" && fail "a disk whose writes fail: a BIOS would boot it"
uefi_boots "$loop" && fail "a disk whose writes fail: UEFI would boot it"
detach "$loop"
umount "$T/small"
finish
