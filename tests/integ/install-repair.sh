#!/usr/bin/env bash
# Repair, keep the data: the data partition is the same bit for bit, whatever was on the rest; what
# is refused; Repair= in install.conf; a repair that is cut is done again.
# timeout: 400
# parallel: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
need
use_layout small
use_faults
stick=$T/stick.img
printf '[Install]\nUnattended=yes\nName=tienda-1\n' >"$T/install.conf"
"$SRC/tests/integ/install/stick" "$stick" "$T/install.conf" || fail "make stick"
attach "$stick"
stick_dev=$loop
new_disk disk
run --source "$stick_dev" --target "$disk"
expect 0 "DONE" "a box"

# A client's data, an adopted box, and a journal that a power cut left behind.
change_data "$disk" sh -c 'mkdir var/lib/shop && seq 20000 >var/lib/shop/orders &&
	chown 1000:1000 var/lib/shop/orders && ln -s orders var/lib/shop/today && rm var/lib/nexus-agent/adoption.json &&
	jq ".adopted_at = \"2026-11-01T00:00:00Z\"" var/lib/nexus-agent/identity.json >var/i && cat var/i >var/lib/nexus-agent/identity.json'
inner=$(losetup --find --show --offset $((data_at * 512)) "$disk")
debugfs -w -R 'feature needs_recovery' "$inner" >/dev/null 2>&1
losetup -d "$inner"

data_bytes() {
	dd if="$1" bs=1M iflag=skip_bytes skip=$((data_at * 512)) status=none | sha256sum
}
data_files() {
	with_data "$1" sh -c 'find . -xdev -printf "%p %m %U:%G %s %T@ %l\n" | LC_ALL=C sort
		find . -xdev -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum' | sha256sum
}
bytes=$(data_bytes "$disk")
files=$(data_files "$disk")

# kept WHAT: every byte of the data partition is as it was.
kept() {
	sync "$disk"
	[ "$(data_bytes "$disk")" = "$bytes" ] || fail "$1: the data partition was written to"
}

# rot: everything but the tables and the data is something else.
rot() {
	dd if=/dev/urandom of="$disk" bs=440 count=1 conv=notrunc status=none
	dd if=/dev/urandom of="$disk" bs=512 seek=2048 count=$((data_at - 2048 - 65536 - 8192)) conv=notrunc status=none
	sync "$disk"
}
rot
run --source "$stick_dev" --target "$disk" --repair
expect 0 "Repairing" "a system that has rotted is repaired"
complete_adopted() {
	with_data "$disk" test ! -e var/lib/nexus-agent/adoption.json || fail "$1: it is no longer adopted"
	same "$stick" nexus-bios "$disk" 2048 123457 || fail "$1: core of GRUB"
	same "$stick" nexus-esp "$disk" 4096 $((64 << 20)) || fail "$1: ESP"
	same "$stick" nexus-live-kernel "$disk" 137216 $((3 << 20)) || fail "$1: kernel"
	same "$stick" nexus-live-root "$disk" "$root_at" $((8 << 20)) || fail "$1: root"
	cmp -n 440 "$stick" "$disk" || fail "$1: boot code"
	dd if="$disk" bs=512 skip=$((135168 + 8)) count=2 status=none |
		grep -q "^MACHINE_ID=$(with_data "$disk" cat var/lib/nexus-identity/machine-id)$" || fail "$1: machine id"
}
complete_adopted "repaired"
kept "repaired"
[ "$(data_files "$disk")" = "$files" ] || fail "repaired: the files are others"
[ "$(stick_file "$stick" nexus-seed report.json | jq -r '.result, .box.name, .code, (.repaired | length)' | tr '\n' ' ')" = \
	"repaired tienda-1 null 1 " ] || fail "the report of the repair"

# Cut at any write: not bootable, or whole; the data is never touched; the stick that stays in, which
# had made the box, does it again by itself.
run_fault "write $disk 1000000 eio" --source "$stick_dev" --target "$disk" --repair
writes=$(cat "$T/count")
for at in 0 1 $((writes / 2)) $((writes - 1)); do
	run_fault "write $disk $at kill" --source "$stick_dev" --target "$disk" --repair
	[ "$status" = 137 ] || fail "cut at write $at: exit status $status"
	kept "cut at write $at"
	if [ "$at" -gt 1 ]; then
		bios_boots "$disk" && fail "cut at write $at: a BIOS would boot it"
		run --source "$stick_dev" --target "$disk"
		expect 0 "Repairing" "cut at write $at of $writes: done again unasked"
	fi
	kept "cut at write $at, done again"
done
complete_adopted "after the cuts"
run --source "$stick_dev" --target "$disk"
expect 0 "already made this box" "whole again, the stick has nothing to do"

# install.conf TEXT, STATUS, WORDS, WHAT
conf() {
	printf '[Install]\nUnattended=yes\n%b' "$1" >"$T/seed.conf"
	remember "$disk"
	run --source "$stick_dev" --target "$disk" --seed "$T/seed.conf"
	expect "$2" "$3" "$4"
	[ "$2" = 0 ] || ! changed "$disk" || fail "$4: the disk was changed"
}
conf 'Repair=yes\n' 0 "already made this box" "Repair=yes, repaired before by this stick"
mdel -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" ::/report.json
conf 'Repair=no\n' 1 "Repair=no keeps it from being repaired" "Repair=no and nothing confirmed"
stick_file "$stick" nexus-seed report.txt | grep -q 'Repair=no keeps it' || fail "a refusal is in the report"
conf 'Repair=yes\nConfirm=ERASE\n' 1 "only one of them" "repair and erase"
conf 'Repair=yes\n' 0 "Repairing" "Repair=yes"
kept "Repair=yes"

# What can't be repaired is told, and not touched.
dd if="$disk" of="$T/super" bs=512 skip=$data_at count=16 status=none
dd if=/dev/zero of="$disk" bs=512 seek=$data_at count=16 conv=notrunc status=none
conf 'Repair=yes\n' 1 "its data partition can't be read" "data that does not mount"
dd if="$T/super" of="$disk" bs=512 seek=$data_at count=16 conv=notrunc status=none
sfdisk --dump "$disk" >"$T/table" 2>/dev/null
sed -E '/nexus-root-b/s/size= *[0-9]+/size=32768/' "$T/table" | sfdisk -q --no-reread --no-tell-kernel "$disk" 2>/dev/null
conf 'Repair=yes\n' 1 "its partitions are not where those of a box are" "a layout that is not ours"
sfdisk -q --no-reread --no-tell-kernel "$disk" <"$T/table" 2>/dev/null
kept "refused repairs"
[ "$(data_files "$disk")" = "$files" ] || fail "at the end the files are others"
dd if=/dev/zero of="$disk" bs=1M count=2 conv=notrunc status=none
dd if=/dev/zero of="$disk" bs=512 seek=$(($(blockdev --getsz "$disk") - 2048)) conv=notrunc status=none 2>/dev/null
conf 'Repair=yes\n' 1 "there is no box on it" "no box at all"
finish
