#!/usr/bin/env bash
# timeout: 900
# Which slot GRUB boots, and what it leaves in the boot state: the stick's own boot code, GRUB and grub.cfg start a kernel
# that only tells its command line. Every row is a PC of its own; the state is compared byte by byte afterwards.
#
# The rule. GRUB takes the first slot in ORDER that is OK and has tries left: 3, or 24 if it is the PROVEN one. It counts the
# try before it makes it. Have all of them used up their tries, both counts begin again at 0 and the first one is taken. If a
# slot has no kernel, no initrd or no verity.cfg, the other one follows in the same boot; if neither has them, or an initrd
# breaks off, the PC starts again. A boot state that can't be read is left alone and means: slot A. One whose end is damaged is
# read, but not written.
#
# A state is written ORDER A_OK/A_TRY B_OK/B_TRY PROVEN, with "-" for none. "harm" is what is wrong with the disk.
set -euo pipefail
shopt -s extglob
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

table_rows() {
	sed -e 's/ *#.*//' -e '/^$/d' <<-'END'
		# what                         | state before   | harm          | boots   | state after
		fresh from the installer       | AB 1/0 0/0 -   |               | A       | AB 1/1 0/0 -
		an ordinary boot               | AB 1/0 1/0 A   |               | A       | AB 1/1 1/0 A
		an ordinary boot of B          | BA 1/0 1/0 B   |               | B       | BA 1/0 1/1 B
		an update's first boot         | BA 1/0 1/0 A   |               | B       | BA 1/0 1/1 A
		its last                       | BA 1/0 1/2 A   |               | B       | BA 1/0 1/3 A
		given up                       | BA 1/0 1/3 A   |               | A       | BA 1/1 1/3 A
		the other way round            | AB 1/2 1/0 B   |               | A       | AB 1/3 1/0 B
		and given up                   | AB 1/3 1/0 B   |               | B       | AB 1/3 1/1 B
		nobody proven                  | AB 1/3 1/0 -   |               | B       | AB 1/3 1/1 -
		proven, the power failed thrice| AB 1/3 1/0 A   |               | A       | AB 1/4 1/0 A
		nine times                     | AB 1/9 1/0 A   |               | A       | AB 1/10 1/0 A
		nineteen times                 | BA 1/0 1/19 B  |               | B       | BA 1/0 1/20 B
		proven, its last               | AB 1/23 1/0 A  |               | A       | AB 1/24 1/0 A
		proven, given up               | AB 1/24 1/0 A  |               | B       | AB 1/24 1/1 A
		proven B, its last             | BA 1/0 1/23 B  |               | B       | BA 1/0 1/24 B
		proven B, given up             | BA 1/0 1/24 B  |               | A       | BA 1/1 1/24 B
		the first one is not OK        | BA 1/0 0/0 A   |               | A       | BA 1/1 0/0 A
		the same of A                  | AB 0/0 1/0 B   |               | B       | AB 0/0 1/1 B
		all used up                    | AB 1/24 1/3 A  |               | A       | AB 1/1 1/0 A
		all used up, B first           | BA 1/24 1/3 A  |               | B       | BA 1/0 1/1 A
		used up, and no other          | AB 1/24 0/0 A  |               | A       | AB 1/1 0/0 A
		the same of B                  | BA 0/2 1/24 B  |               | B       | BA 0/0 1/1 B
		more tries than there are      | AB 1/25 1/0 A  |               | B       | AB 1/25 1/1 A
		no slot is OK                  | AB 0/0 0/0 -   |               | A       | AB 0/1 0/0 -
		no slot is OK, B first         | BA 0/3 0/2 B   |               | A       | BA 0/1 0/0 B
		an order of no slots           | XY 1/0 1/0 A   |               | A       | AB 1/1 1/0 A
		no order                       | - 1/1 1/0 A    |               | A       | AB 1/2 1/0 A
		a count that is none           | AB 1/x 1/0 A   |               | A       | AB 1/24 1/0 A
		A's kernel slot is empty       | AB 1/0 1/0 A   | A empty       | B       | AB 1/1 1/0 A
		B's kernel slot is empty       | BA 1/0 1/0 A   | B empty       | A       | BA 1/0 1/1 A
		B is empty and marked OK       | BA 1/0 1/0 -   | B empty       | A       | BA 1/0 1/1 -
		no initrd in it                | AB 1/0 1/0 A   | A no-initrd   | B       | AB 1/1 1/0 A
		its initrd is damaged          | AB 1/0 1/0 A   | A initrd      | restart | AB 1/1 1/0 A
		no kernel in it                | AB 1/0 1/0 A   | A no-kernel   | B       | AB 1/1 1/0 A
		nothing of its root's hashes   | AB 1/0 1/0 A   | A no-hash     | B       | AB 1/1 1/0 A
		its list of files is damaged   | AB 1/0 1/0 A   | A damaged     | B       | AB 1/1 1/0 A
		neither can be read            | AB 1/0 1/0 A   | AB empty      | restart | AB 1/1 1/0 A
		the state is all zeros         | AB 1/0 1/0 A   | state zeros   | A       | same
		all ones                       | BA 1/0 1/0 B   | state ones    | A       | same
		noise                          | BA 1/0 1/0 B   | state noise   | A       | same
		its first sector is zeros      | BA 1/0 1/0 B   | state first   | A       | same
		its second sector is noise     | BA 1/0 1/1 B   | state second  | B       | same
		NULs after the signature       | BA 1/0 1/0 B   | state nuls    | A       | same
		zeros, and A can't be read     | AB 1/0 1/0 A   | state+A zeros | B       | same
	END
}

# Rows that a PC with UEFI must decide alike: it reads and writes the boot state through other code.
uefi_rows='fresh from the installer|given up|all used up|proven, its last|A.s kernel slot is empty|the state is all zeros'

# As image/build makes a kernel slot.
squashfs=(-quiet -no-progress -comp gzip -b 131072 -no-exports -no-xattrs -all-root)

# Written by GRUB in this order; the two last are only kept.
machine=0123456789abcdef0123456789abcdef

# state_block STATE: the boot state's 1024 bytes.
state_block() {
	local order a b proven
	read -r order a b proven <<<"$1"
	[ "$order" = - ] && order= || order="${order:0:1} ${order:1:1}"
	[ "$proven" != - ] || proven=
	{
		printf '# GRUB Environment Block\nMODE=installed\nORDER=%s\nA_OK=%s\nA_TRY=%s\nB_OK=%s\nB_TRY=%s\n' \
			"$order" "${a%/*}" "${a#*/}" "${b%/*}" "${b#*/}"
		printf 'PROVEN=%s\nMACHINE_ID=%s\nOTHER=kept\n' "$proven" "$machine"
		printf '#%.0s' {1..1024}
	} | head -c 1024
}

# state_harm HOW FILE: damages the boot state in the file.
state_harm() {
	local noise=$2.noise
	openssl enc -aes-128-ctr -K 00 -iv 00 -in "$2" -out "$noise" 2>/dev/null
	case $1 in
	zeros) dd if=/dev/zero of="$2" bs=1024 count=1 status=none ;;
	ones) tr '\000-\377' '[\377*]' <"$noise" >"$2" ;;
	noise) cp "$noise" "$2" ;;
	first) dd if=/dev/zero of="$2" bs=512 count=1 conv=notrunc status=none ;;
	second) dd if="$noise" of="$2" bs=512 skip=1 seek=1 conv=notrunc status=none ;;
	nuls) dd if=/dev/zero of="$2" bs=1 seek=25 count=999 conv=notrunc status=none ;;
	esac
	rm "$noise"
}

# The head of the stick (boot code, BIOS partition, ESP, boot state) with the partitions of an installed disk behind it, its
# slots just large enough.
make_disk() {
	local start=137216 name number=4
	gcc -m32 -c "$SRC/tests/vm/grub-kernel.S" -o "$T/kernel.o"
	objcopy -O binary -j .text "$T/kernel.o" "$T/kernel"
	dd if="$box_image_dir/usb.img" of="$T/disk" bs=512 count="$start" conv=sparse status=none
	truncate -s $(((start + 6 * 2048) * 512)) "$T/disk"
	{
		printf 'label: gpt\n'
		sfdisk --dump "$box_image_dir/usb.img" | sed -n 's/^.*usb.img[123] ://p'
		for name in kernel-a root-a kernel-b root-b data; do
			printf 'start=%s, size=2048, type=linux, uuid=00000000-0000-4000-8000-00000000000%s, name=nexus-%s\n' \
				"$start" "$number" "$name"
			start=$((start + 2048))
			number=$((number + 1))
		done
	} >"$T/table"
	sfdisk -q "$T/disk" <"$T/table"
	sfdisk -q --label-nested dos "$T/disk" -A 1
	dd if="$box_image_dir/usb.img" of="$T/disk" bs=440 count=1 conv=notrunc status=none
	make_slot A 137216
	make_slot B 141312
}

# make_slot SLOT START: each has a kernel of its own, so that it is seen which one runs.
make_slot() {
	mkdir "$T/slot"
	cp "$T/kernel" "$T/slot/vmlinuz"
	printf '%s' "$1" | dd of="$T/slot/vmlinuz" bs=1 seek=$((0x402)) conv=notrunc status=none
	head -c 300000 /dev/urandom >>"$T/slot/vmlinuz"
	printf 'initrd\n%.0s' {1..40000} >"$T/slot/initrd.img"
	printf 'set verity_hash=of-%s\nset verity_options=hash-offset=4096\n' "$1" >"$T/slot/verity.cfg"
	mksquashfs "$T/slot" "$T/slot.img" "${squashfs[@]}" >/dev/null
	dd if="$T/slot.img" of="$T/disk" bs=512 seek="$2" conv=notrunc status=none
	rm -r "$T/slot" "$T/slot.img"
}

# harm_slots DISK HARM
harm_slots() {
	local disk=$1 slot start
	for slot in A B; do
		[ "$slot" = A ] && start=137216 || start=141312
		case $2 in
		*"$slot"*' empty' | *"+$slot "*) dd if=/dev/zero of="$disk" bs=512 seek="$start" count=2048 conv=notrunc status=none ;;
		"$slot no-initrd") harm_slot_name "$disk" "$start" initrd.img ;;
		"$slot no-kernel") harm_slot_name "$disk" "$start" vmlinuz ;;
		"$slot no-hash") harm_slot_name "$disk" "$start" verity.cfg ;;
		"$slot initrd") dd if=/dev/urandom of="$disk" bs=1 seek=$((start * 512 + 150)) count=200 conv=notrunc status=none ;;
		"$slot damaged") harm_slot_end "$disk" $((start * 512)) ;;
		esac
	done
}

# harm_slot_end DISK OFFSET: where a squashfs keeps its inodes and names.
harm_slot_end() {
	local used
	used=$(od -An -t u8 -j $(($2 + 40)) -N 8 "$1")
	dd if=/dev/urandom of="$1" bs=1 seek=$(($2 + used - 600)) count=600 conv=notrunc status=none
}

# harm_slot_name DISK START NAME: the slot anew without that file.
harm_slot_name() {
	mkdir "$1.slot"
	unsquashfs -quiet -no-progress -force -dest "$1.slot" -offset $(($2 * 512)) "$1" >/dev/null
	rm "$1.slot/$3"
	mksquashfs "$1.slot" "$1.img" "${squashfs[@]}" >/dev/null
	dd if="$1.img" of="$1" bs=512 seek="$2" conv=notrunc status=none
	rm -r "$1.slot" "$1.img"
}

# row NUMBER FIRMWARE LINE: prints what is wrong, or nothing.
row() {
	local disk=$T/$1-$2.disk what before harm boots after damage='' chosen code=0
	IFS='|' read -r what before harm boots after <<<"${3//*( )|*( )/|}"
	case $harm in state*) damage=${harm#* } ;; esac
	cp --sparse=always "$T/disk" "$disk"
	harm_slots "$disk" "$harm"
	state_block "$before" >"$disk.before"
	state_harm "$damage" "$disk.before"
	dd if="$disk.before" of="$disk" bs=512 seek=$((135168 + 8)) conv=notrunc status=none
	if [ "$after" = same ]; then
		cp "$disk.before" "$disk.expected"
	else
		state_block "$after" >"$disk.expected"
		state_harm "$damage" "$disk.expected"
	fi
	run_pc "$disk" "$2" || code=$?
	chosen=$(tr -d '\r' <"$disk.serial" | sed -n \
		's/^kernel \([AB]\): .* roothash=of-\([AB]\) .* nexus.slot=\([AB]\) .*/\1\2\3/p')
	case $code/$chosen in
	3/AAA | 3/BBB) chosen=${chosen:0:1} ;;
	0/) chosen=restart ;;
	*) chosen="nothing (code $code, '$chosen')" ;;
	esac
	dd if="$disk" of="$disk.after" bs=512 skip=$((135168 + 8)) count=2 status=none
	[ "$chosen" = "$boots" ] || printf '%s, %s: booted %s, not %s\n' "$2" "$what" "$chosen" "$boots"
	cmp -s "$disk.after" "$disk.expected" || printf '%s, %s: state after: %s\n' "$2" "$what" \
		"$(tr '\n\0' ' .' <"$disk.after" | head -c 220)"
	rm -f "$disk"
}

# run_pc DISK FIRMWARE: until the kernel or GRUB ends it: 3 or 0; 124 when it stands still.
run_pc() {
	local name=${1##*/} folder args=() firmware=$2
	vm_new "$name"
	folder=${vm_folder[$name]}
	vm_args_firmware
	timeout --foreground 120 qemu-system-x86_64 "${args[@]}" -accel tcg,thread=multi -cpu EPYC,-cx16,-avx,-avx2 -m 256 \
		-display none -monitor none -no-user-config -nic none -no-reboot -boot menu=off \
		-serial "file:$1.serial" -device isa-debug-exit,iobase=0xf4,iosize=1 \
		-drive "if=none,id=disk,format=raw,file=$1,cache=unsafe" -device ide-hd,bus=ide.0,drive=disk,bootindex=0 \
		>"$folder/qemu.log" 2>&1 </dev/null
}

# Two at a time: most of a row is waiting for GRUB's own second.
run_rows() {
	local number=0 line
	while IFS= read -r line; do
		number=$((number + 1))
		while [ "$(jobs -rp | wc -l)" -ge 3 ]; do
			wait -n || true
		done
		row "$number" "$1" "$line" >"$T/$1.$number.result" 2>&1 &
	done
	wait
	count=$((count + number))
}

box_open "$T"
box_prepare
make_disk
count=0
run_rows bios < <(table_rows)
run_rows uefi < <(table_rows | grep -E "^($uefi_rows) *\|")
cat "$T"/*.result >"$T/wrong"
[ ! -s "$T/wrong" ] || { cat "$T/wrong"; exit 1; }
[ "$count" -ge 50 ] || { echo "only $count rows"; exit 1; }
echo "$count rows hold"
