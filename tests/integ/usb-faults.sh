#!/usr/bin/env bash
# nexus usb write, killed, on disks that fail or store something else, at every kind of write: the
# stick is either whole or nothing on it looks bootable, and writing again succeeds.
# timeout: 120
# parallel: yes
set -uo pipefail
. "$SRC/tests/integ/usb/lib"
need
use_faults
usb_make_image
new_disk disk 300M
word=${disk#/dev/}

write_it() {
	usb write "$usb_image" --to "$disk" --confirm "$word" --name caja-1
	expect 0 "Ready and read back" "$1"
	sync "$disk"
	whole "$disk" || fail "$1: a whole stick"
}

# The disk was a stick already: what was on it must not boot either once writing has begun.
write_it "the first time"
usb_fault "write $disk 1000000 eio" write "$usb_image" --to "$disk" --confirm "$word"
expect 0 "Ready and read back" "again, under the library"
writes=$(cat "$T/count")
usb_fault "read $disk 1000000 eio" write "$usb_image" --to "$disk" --confirm "$word"
reads=$(cat "$T/count")
[ $((writes < reads ? writes : reads)) -gt 10 ] || fail "$writes writes, $reads reads: $(cat "$T/err")"

points=0
for ((at = 0; at < writes; at++)); do
	# The first writes take away, the last ones make bootable: all of them; in between every third.
	if [ "$at" -gt 4 ] && [ "$at" -lt $((writes - 5)) ] && [ $((at % 3)) != 0 ]; then
		continue
	fi
	points=$((points + 1))
	usb_fault "write $disk $at kill" write "$usb_image" --to "$disk" --confirm "$word"
	[ "$status" = 137 ] || fail "kill at write $at: exit status $status: $(cat "$T/err")"
	sync "$disk"
	if [ "$at" = 0 ] || { [ "$at" = $((writes - 1)) ] && bios_boots "$disk"; }; then
		whole "$disk" >"$T/why" || { cat "$T/why"; fail "kill at write $at: neither whole nor dead"; }
	elif [ "$at" -ge 2 ] && [ "$at" -lt $((writes - 2)) ]; then
		# From the third write on nothing is left of the old stick.
		dead "$disk" || fail "kill at write $at: something looks bootable"
	else
		zeros "$disk" 0 4096 || fail "kill at write $at: a BIOS would boot it"
	fi
done
ok "killed before $points of $writes writes"
write_it "writing again after the last kill"

for at in 2 $((writes / 2)) $((writes - 4)); do
	usb_fault "write $disk $at eio" write "$usb_image" --to "$disk" --confirm "$word"
	expect 1 "write $disk at byte" "a disk that breaks at write $at"
	dead "$disk" || fail "a disk that breaks at write $at looks bootable"
	usb_fault "write $disk $at flip" write "$usb_image" --to "$disk" --confirm "$word"
	expect 1 "check $disk" "a disk that stores something else at write $at"
	zeros "$disk" 0 4096 || fail "a disk that stores something else looks bootable"
done
usb_fault "write $disk 0 eio" write "$usb_image" --to "$disk" --confirm "$word"
expect 1 "write $disk at byte 0" "a disk that can't be written at all"
usb_fault "read $disk $((reads / 2)) eio" write "$usb_image" --to "$disk" --confirm "$word"
expect 1 "read $disk at byte" "a disk that can't be read back"
dead "$disk" || fail "a disk that can't be read back looks bootable"
write_it "writing again"

# A file: it gets its name when it is whole, and what was left is written over.
file=$T/file.img
usb_fault "write $file.partial 3 kill" write "$usb_image" --to "$file"
if [ "$status" != 137 ] || [ -e "$file" ] || [ ! -e "$file.partial" ]; then fail "a killed file has no name"; fi
dead "$file.partial" || fail "a killed file looks bootable"
usb_fault "write $file.partial 3 enospc" write "$usb_image" --to "$file"
expect 1 "No space left" "a file whose disk gets full"
nothing_of "$file" "nothing is left of it"
usb write "$usb_image" --to "$file"
expect 0 "Ready and read back" "the file again"
whole "$file" || fail "the file is a whole stick"
finish
