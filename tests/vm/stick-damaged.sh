#!/usr/bin/env bash
# timeout: 900
# A damaged image on the stick, a stick that is pulled and a disk that is too small: the installer says so, and the
# disk is untouched, or at least never looks bootable.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

box_open "$T"
trap box_close EXIT
box_prepare

untouched() {
	cmp -n "$(stat -c %s "$1")" "$1" /dev/zero || { echo "$1 was written to"; return 1; }
}

# refused NAME PATTERN OPTION...: starts from the stick and waits for the installer's sentence.
refused() {
	local name=$1 pattern=$2
	shift 2
	vm_new "$name" "$box_dir"
	vm_start "$name" --firmware bios "$@"
	vm_wait "$name" "$pattern" 300 || { vm_serial "$name" | tail -n 30; return 1; }
	sleep 3
	vm_kill "$name"
	vm_serial "$name" | tail -n 12
}

echo "--- one damaged byte in the system"
box_stick damaged '[Install]' Unattended=yes Disk=auto PowerOff=no
read -r offset size < <(box_partition "$box_dir/damaged.img" nexus-live-root)
printf '\377\376\375' | dd of="$box_dir/damaged.img" bs=1 seek=$((offset + size - 5000000)) conv=notrunc status=none
vm_disk "$box_dir/damaged-disk.img" "${box_disk_mib}M"
refused damaged 'sha256 differs' --stick "$box_dir/damaged.img" --disk "$box_dir/damaged-disk.img"
untouched "$box_dir/damaged-disk.img"

echo "--- a disk that is too small"
box_stick small '[Install]' Unattended=yes Disk=auto PowerOff=no
vm_disk "$box_dir/small-disk.img" 4096M
refused small 'too small' --stick "$box_dir/small.img" --disk "$box_dir/small-disk.img"
untouched "$box_dir/small-disk.img"

echo "--- a disk that can't be written in its middle"
box_stick broken '[Install]' Unattended=yes Disk=auto PowerOff=no
vm_disk "$box_dir/broken-disk.img" "${box_disk_mib}M"
refused broken 'ERROR: write /dev/sda at byte' --stick "$box_dir/broken.img" \
	--disk "$box_dir/broken-disk.img" --disk-error 500000
# No boot code for a BIOS, no file system in the ESP for UEFI: nothing starts what is there.
cmp -n 440 "$box_dir/broken-disk.img" /dev/zero
cmp -n 65536 -i "$((4096 * 512)):0" "$box_dir/broken-disk.img" /dev/zero
