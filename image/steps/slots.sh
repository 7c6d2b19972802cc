# shellcheck shell=bash
# The two slots as they lie on a disk, in a stick and in a bundle. Root slot: the EROFS, behind it dm-verity's hashes of it,
# then redundancy (Reed-Solomon) for both. Kernel slot: kernel, initrd and verity.cfg, which has the hash of the hashes.

# One salt for all images: another one would change every hash, and an update would have to fetch them all.
slots_salt=4e78757320726f6f7420736c6f74206f6620616e204e6578757320626f782e0a
slots_block=4096
slots_fec_roots=2

step_slots() {
	slots_verity
	slots_kernel
	slots_fit nexus-root-a "$work/root.img"
	slots_fit nexus-kernel-a "$work/kernel.img"
}

slots_verity() {
	local image=$work/root.img size hash_end options
	size=$(stat -c %s "$image")
	[ $((size % slots_block)) -eq 0 ]
	hash_end=$((size + $(slots_hash_blocks $((size / slots_block))) * slots_block))
	# Up to where the redundancy begins, the file must be there before.
	truncate -s "$hash_end" "$image"
	options=(--hash=sha256 --salt="$slots_salt" --data-block-size=$slots_block --hash-block-size=$slots_block
		--data-blocks=$((size / slots_block)) --hash-offset="$size" --fec-device=/making/root.img --fec-offset="$hash_end"
		--fec-roots=$slots_fec_roots)
	in_tools veritysetup format "${options[@]}" --uuid="$(uuid_of verity "$version" "$distro")" \
		--root-hash-file=/making/root.hash /making/root.img /making/root.img
	pad_to_mib "$image"
	in_tools veritysetup verify "${options[@]}" --root-hash-file=/making/root.hash /making/root.img /making/root.img
	printf 'set verity_hash=%s\nset verity_options=hash-offset=%s,fec-offset=%s,fec-roots=%s\n' \
		"$(cat "$work/root.hash")" "$size" "$hash_end" $slots_fec_roots >"$work/verity.cfg"
}

# slots_hash_blocks DATA-BLOCKS: of the tree above them, 128 hashes a block, and of its superblock.
slots_hash_blocks() {
	local level=$1 count=1
	while [ "$level" -gt 1 ]; do
		level=$(((level + 127) / 128))
		count=$((count + level))
	done
	printf '%s' "$count"
}

# Not compressed: kernel and initrd are so already, and what did not change stays the same for an update.
slots_kernel() {
	cp -a "$cache/$base_entry/slot" "$work/slot"
	install -m 0644 "$work/verity.cfg" "$work/slot/verity.cfg"
	touch -d "@$epoch" "$work/slot/verity.cfg" "$work/slot"
	in_tools mksquashfs /making/slot /making/kernel.img -comp gzip -noD -b 131072 \
		-noappend -no-progress -no-exports -no-xattrs -all-root -processors 2
	pad_to_mib "$work/kernel.img"
}

# The stick's partitions are as large as their content; those of an internal disk are fixed.
slots_fit() {
	local limit size
	limit=$(($(layout_get "$1" Size) * 512))
	size=$(stat -c %s "$2")
	if [ "$size" -gt "$limit" ]; then
		ui_advice "$(basename "$2") has $size bytes, $1 holds $limit: take packages out, or change layout.conf."
		return 1
	fi
}
