# shellcheck shell=bash
# What starts before Linux: BIOS boot code, the EFI system partition, the boot state. No root or loop devices needed.

# What GRUB can do on a BIOS: read our partitions, keep the boot state, start Linux.
boot_modules=(biosdisk part_gpt part_msdos fat squash4 gzio loadenv regexp probe test echo true linux configfile normal
	serial terminal minicmd sleep reboot halt all_video vbe vga gfxterm ls cat)

step_boot() {
	boot_bios
	boot_esp
	boot_state
}

# The MBR's 440 bytes load core.img from the BIOS boot partition's start; core.img finds the rest of itself one sector
# on. grub-bios-setup would write the same numbers, but wants a block device.
boot_bios() {
	local start core=$work/core.img mbr=$work/boot.img
	start=$(layout_get nexus-bios Start)
	in_tools grub-mkimage -O i386-pc -d "/cache/$base_entry/boot/usr/lib/grub/i386-pc" -p '(,gpt2)/grub' \
		-c /image/boot/early.cfg -o /making/core.img "${boot_modules[@]}"
	cp "$cache/$base_entry/boot/usr/lib/grub/i386-pc/boot.img" "$mbr"
	number_le "$start" 8 | dd of="$mbr" bs=1 seek=$((0x5c)) conv=notrunc status=none
	# Two "nop"s in place of a jump: trust the drive number that the BIOS gives, as GRUB's own setup does for disks.
	printf '\220\220' | dd of="$mbr" bs=1 seek=$((0x66)) conv=notrunc status=none
	number_le $((start + 1)) 8 | dd of="$core" bs=1 seek=500 conv=notrunc status=none
	truncate -s ">$(($(layout_get nexus-bios Size) * 512))" "$core"
	[ "$(stat -c %s "$core")" -eq $(($(layout_get nexus-bios Size) * 512)) ]
}

boot_esp() {
	local tree=$work/esp pair
	mkdir -p "$tree/EFI/BOOT" "$tree/$distro_grub_folder" "$tree/grub" "$tree/nexus"
	for pair in "${distro_boot_files[@]}"; do
		cp "$cache/$base_entry/boot/${pair% *}" "$tree/${pair#* }"
	done
	cp "$here/boot/prefix.cfg" "$tree/$distro_grub_folder/grub.cfg"
	sed "s|^set flavour=\"\"$|set flavour=\"$flavour_arguments\"|" "$here/boot/grub.cfg" >"$tree/grub/grub.cfg"
	boot_image_json >"$tree/nexus/image.json"
	fat_make nexus-esp 32 "$work/esp.img" 1
	fat_fill "$tree" "$work/esp.img"
}

# image.json on the ESP: what the installer checks the stick and the disk against.
boot_image_json() {
	local file files
	files=$(cd "$work/esp" && find . -type f ! -path ./nexus/image.json -printf '%P\n' | LC_ALL=C sort |
		while read -r file; do
			printf '%s\t%s\n' "$file" "$(sha256_of "$file")"
		done | in_tools jq -R 'split("\t") | {(.[0]): .[1]}' | in_tools jq -s add)
	image_json_head | in_tools jq \
		--argjson kernel "$(image_part "$work/kernel.img")" \
		--argjson root "$(image_part "$work/root.img")" --argjson bios "$(image_part "$work/core.img")" \
		--argjson boot_code "$(image_boot_code)" --argjson files "$files" \
		'. + {kernel: $kernel, root: $root, bios: $bios, boot_code: $boot_code, esp_files: $files}'
}

# What step_stick puts at the start of sector 0: the rest of boot.img would lie under the partition table.
image_boot_code() {
	head -c 440 "$work/boot.img" >"$work/boot-code.img"
	image_part "$work/boot-code.img"
}

image_part() {
	printf '{"size_bytes":%s,"sha256":"%s"}' "$(stat -c %s "$1")" "$(sha256_of "$1")"
}

# The first five fields of image.json, which the root has as well.
image_json_head() {
	in_tools jq -n --arg distribution "$distro_name" --arg suite "$distro_suite" --arg version "$version" \
		--argjson epoch "$epoch" '{schema: "nexus.image/1", distribution: $distribution, suite: $suite,
		version: $version, build_epoch: $epoch}'
}

# One file of 1024 bytes at byte 4096 of a FAT12: 1 boot sector, 1 FAT, a root directory of 16 entries, then its data
# from sector 3 on. mkfs aligns the data area, so the place is checked, not trusted.
boot_state() {
	in_tools grub-editenv /making/grubenv create
	in_tools grub-editenv /making/grubenv set MODE=live
	touch -d "@$epoch" "$work/grubenv"
	fat_make nexus-bootstate 12 "$work/bootstate.img" 1 -r 16 -R 1 -f 1
	in_tools mcopy -m -i /making/bootstate.img /making/grubenv ::/grubenv
	cmp -n 1024 -i 4096:0 "$work/bootstate.img" "$work/grubenv"
}

# fat_make PARTITION BITS IMAGE SECTORS-A-CLUSTER [OPTION...]
fat_make() {
	local name=$1 bits=$2 image=$3 cluster=$4
	shift 4
	rm -f "$image"
	truncate -s $(($(layout_get "$name" Size) * 512)) "$image"
	in_tools mkfs.vfat -F "$bits" -s "$cluster" "$@" --invariant -n "$(layout_get "$name" Label)" \
		-i "$(layout_get "$name" Serial)" "/making/$(basename "$image")"
}

# Copies a tree in sorted order with fixed times: a FAT keeps both.
fat_fill() {
	local tree=$1 image entry entries
	image=/making/$(basename "$2")
	find "$tree" -exec touch -h -d "@$epoch" {} +
	mapfile -t entries < <(cd "$tree" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort)
	for entry in "${entries[@]}"; do
		if [ -d "$tree/$entry" ]; then
			in_tools mmd -i "$image" "::/$entry"
		else
			in_tools mcopy -m -i "$image" "/making/$(basename "$tree")/$entry" "::/$entry"
		fi
	done
}
