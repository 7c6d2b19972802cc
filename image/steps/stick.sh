# shellcheck shell=bash
# The stick: all parts in one image, and the report beside it.

step_stick() {
	local image=$partial/usb.img kernel=$work/kernel.img table=$work/stick.sfdisk end
	stick_seed
	stick_place "$kernel" "$work/root.img"
	end=$((stick_seed_start + $(layout_get nexus-seed Size) + 2048))
	truncate -s $((end * 512)) "$image"
	stick_table >"$table"
	mount --bind "$partial" "$tools/out"
	in_tools sfdisk -q /out/usb.img <"$table"
	# Some BIOSes boot nothing without an active entry in the protective MBR.
	in_tools sfdisk -q --label-nested dos /out/usb.img -A 1
	umount "$tools/out"
	dd if="$work/boot.img" of="$image" bs=440 count=1 conv=notrunc status=none
	stick_write "$work/core.img" "$(layout_get nexus-bios Start)"
	stick_write "$work/esp.img" "$(layout_get nexus-esp Start)"
	stick_write "$work/bootstate.img" "$(layout_get nexus-bootstate Start)"
	stick_write "$kernel" "$stick_kernel_start"
	stick_write "$work/root.img" "$stick_root_start"
	stick_write "$work/seed.img" "$stick_seed_start"
	sync "$image"
}

stick_place() {
	stick_kernel_start=$(layout_get nexus-live-kernel Start)
	stick_kernel_size=$(($(stat -c %s "$1") / 512))
	stick_root_start=$((stick_kernel_start + stick_kernel_size))
	stick_root_size=$(($(stat -c %s "$2") / 512))
	stick_seed_start=$((stick_root_start + stick_root_size))
}

# For the order's install.conf and the installer's report; a PC with Windows shows it as a drive.
stick_seed() {
	local tree=$work/seed
	mkdir "$tree"
	cp "$here/boot/seed-readme.txt" "$tree/LEEME.TXT"
	fat_make nexus-seed 16 "$work/seed.img" 2
	fat_fill "$tree" "$work/seed.img"
}

stick_table() {
	printf 'label: gpt\nlabel-id: %s\n' "$(uuid_of disk "$(sha256_of "$work/root.img")")"
	stick_row nexus-bios "$(layout_get nexus-bios Start)" "$(layout_get nexus-bios Size)"
	stick_row nexus-esp "$(layout_get nexus-esp Start)" "$(layout_get nexus-esp Size)"
	stick_row nexus-bootstate "$(layout_get nexus-bootstate Start)" "$(layout_get nexus-bootstate Size)"
	stick_row nexus-live-kernel "$stick_kernel_start" "$stick_kernel_size"
	stick_row nexus-live-root "$stick_root_start" "$stick_root_size"
	stick_row nexus-seed "$stick_seed_start" "$(layout_get nexus-seed Size)"
}

stick_row() {
	printf 'start=%s, size=%s, type=%s, uuid=%s, name=%s\n' "$2" "$3" "$(layout_get "$1" Type)" \
		"$(uuid_of "$1" "$(sha256_of "$work/root.img")")" "$1"
}

stick_write() {
	dd if="$1" of="$partial/usb.img" bs=1M seek=$(($2 * 512)) oflag=seek_bytes conv=notrunc,sparse status=none
}
