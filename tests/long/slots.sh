# shellcheck shell=bash
# A box's disk made without an installer, with slots as small as their content allows: RAUC reads a whole slot for its index.
# Sourced by the tests of updates; has tests/vm/box.sh in it.

# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

# part_uuid NUMBER
part_uuid() {
	printf '00000000-0000-4000-8000-00000000000%s' "$1"
}

# The stick's slots as slot A of a disk with small slots; its boot state says that A is good.
make_disk() {
	local start=137216 size name number=4 sizes=(65536 393216 65536 393216 524288)
	mkdir "$box_dir/kernel" "$box_dir/root" "$box_dir/data"
	for name in kernel root; do
		slot_of "$box_image_dir" $name >"$box_dir/$name.img"
	done
	unsquashfs -q -n -f -d "$box_dir/kernel" "$box_dir/kernel.img" >/dev/null
	fsck.erofs --extract="$box_dir/root" --overwrite "$box_dir/root.img" >/dev/null
	mkdir "$box_dir/data/rauc"
	cp -a "$box_dir/root/var" "$box_dir/data/"
	dd if="$box_image_dir/usb.img" of="$box_dir/disk.img" bs=512 count="$start" conv=sparse status=none
	truncate -s $(((start + 1024 * 2048) * 512)) "$box_dir/disk.img"
	{
		printf 'label: gpt\n'
		sfdisk --dump "$box_image_dir/usb.img" | sed -n 's/^.*usb.img[123] ://p'
		for name in kernel-a root-a kernel-b root-b data; do
			size=${sizes[number - 4]}
			printf 'start=%s, size=%s, type=linux, uuid=%s, name=nexus-%s\n' "$start" "$size" "$(part_uuid $number)" $name
			start=$((start + size))
			number=$((number + 1))
		done
	} >"$box_dir/table"
	sfdisk -q --force "$box_dir/disk.img" <"$box_dir/table"
	dd if="$box_image_dir/usb.img" of="$box_dir/disk.img" bs=440 count=1 conv=notrunc status=none
	sfdisk -q --label-nested dos "$box_dir/disk.img" -A 1
	put kernel-a "$box_dir/kernel.img"
	put root-a "$box_dir/root.img"
	truncate -s 256M "$box_dir/data.img"
	mke2fs -q -t ext4 -L nexus-data -d "$box_dir/data" "$box_dir/data.img"
	put data "$box_dir/data.img"
	grub-editenv "$box_dir/grubenv" create
	grub-editenv "$box_dir/grubenv" set MODE=installed 'ORDER=A B' A_OK=1 A_TRY=0 B_OK=0 B_TRY=0 PROVEN=A \
		MACHINE_ID=0123456789abcdef0123456789abcdef
	put bootstate "$box_dir/grubenv" 4096
}

# slot_of FOLDER kernel|root: that slot of the build's stick.
slot_of() {
	local offset
	read -r offset _ < <(box_partition "$1/usb.img" "nexus-live-$2")
	dd if="$1/usb.img" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$(jq -r ".$2.size_bytes" "$1/report.json")" \
		status=none
}

# put PARTITION FILE [OFFSET]
put() {
	local offset
	read -r offset _ < <(box_partition "$box_dir/disk.img" "nexus-$1")
	dd if="$2" of="$box_dir/disk.img" bs=1M oflag=seek_bytes seek=$((offset + ${3:-0})) conv=notrunc,sparse status=none
}

# damage a|b OFFSET BYTES: of that slot's root.
damage() {
	local offset
	read -r offset _ < <(box_partition "$box_dir/disk.img" "nexus-root-$1")
	head -c "$3" /dev/urandom | dd of="$box_dir/disk.img" bs=4096 oflag=seek_bytes seek=$((offset + $2)) conv=notrunc status=none
}

# unit SCRIPT SECONDS: one that runs SCRIPT from the second disk, and ends the machine with it.
unit() {
	cat <<-END
	[Unit]
	Description=Test
	RequiresMountsFor=/data
	[Service]
	Type=oneshot
	TimeoutStartSec=$2
	ExecStart=/bin/sh -c 'mkdir -p /run/bundles && mount -o ro /dev/vda /run/bundles && exec /bin/bash /run/bundles/$1'
	SuccessAction=poweroff-force
	END
}

# said PATTERN: fails if the box did not say so, on its serial port.
said() {
	vm_serial box | grep -aE "TEST $1" || { vm_serial box | tail -n 40; echo "the box did not say: $1"; exit 1; }
}
