#!/usr/bin/env bash
# timeout: 900
# A damaged image on the stick, a stick that is pulled out, a disk that is too small or breaks: the installer says so, and
# the disk is untouched, or at least never looks bootable. Five virtual PCs side by side.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

box_open "$T"
trap box_close EXIT
box_prepare

# begin NAME DISK_MIB OPTION...: starts a PC of that name from a stick of its own.
begin() {
	local name=$1 size=$2
	shift 2
	[ -e "$box_dir/$name.img" ] || box_stick "$name" '[Install]' Unattended=yes Disk=auto PowerOff=no
	vm_disk "$box_dir/$name-disk.img" "${size}M"
	vm_new "$name" "$box_dir"
	vm_start "$name" --firmware bios --stick "$box_dir/$name.img" --disk "$box_dir/$name-disk.img" "$@"
}

# shows NAME PATTERN: waits for a line of the installer, and tells what there was if it doesn't come.
shows() {
	vm_wait "$1" "$2" 400 || { vm_serial "$1" | tail -n 30; return 1; }
}

# ends NAME PATTERN: the installer's last sentence.
ends() {
	echo "--- $1"
	shows "$1" "$2"
	sleep 3
	vm_kill "$1"
	vm_serial "$1" | tail -n 12
}

untouched() {
	cmp -n "$(stat -c %s "$box_dir/$1-disk.img")" "$box_dir/$1-disk.img" /dev/zero || { echo "the disk of $1 was written to"; return 1; }
}

# No boot code for a BIOS, no file system in the ESP for UEFI: nothing starts what is there.
not_bootable() {
	cmp -n 440 "$box_dir/$1-disk.img" /dev/zero
	cmp -n 65536 -i "$((4096 * 512)):0" "$box_dir/$1-disk.img" /dev/zero
}

box_stick damaged '[Install]' Unattended=yes Disk=auto PowerOff=no
read -r offset size < <(box_partition "$box_dir/damaged.img" nexus-live-root)
printf '\377\376\375' | dd of="$box_dir/damaged.img" bs=1 seek=$((offset + size - 5000000)) conv=notrunc status=none

begin pulled-early "$box_disk_mib"
begin pulled-late "$box_disk_mib"
begin damaged "$box_disk_mib"
begin small 4096
begin broken "$box_disk_mib" --disk-error 500000

# Pulled while it is being checked, and after the system has been copied but not all that it needs.
shows pulled-early 'Revisando la memoria USB'
vm_unplug pulled-early stick
shows pulled-late 'Leyéndolo de nuevo'
vm_unplug pulled-late stick

ends pulled-early 'ERROR: '
untouched pulled-early
ends pulled-late 'ERROR: '
not_bootable pulled-late
# One damaged byte in the system.
ends damaged 'sha256 differs'
untouched damaged
ends small 'too small'
untouched small
# A disk that can't be written in its middle.
ends broken 'ERROR: write /dev/sd[ab] at byte' # whichever the kernel met first
not_bootable broken
