# shellcheck shell=bash
# The power-cut bench: sourced after tests/vm/box.sh. See README.md.
#
#   bench_serve NAME BASE            serves a copy of BASE: $T/NAME.disk; sockets $T/NAME.nbd and $T/NAME.say
#   bench_say NAME LINE              what the test itself has seen to be done
#   bench_served NAME                waits until the machine is gone and the log, $T/NAME.log, is whole
#   bench_cuts NAME COUNT CHECK      COUNT power cuts, each disk given to "CHECK DISK": it prints what is wrong and fails.
#                                    FROM, TO, LYING, FIRST and SHOWN may be set; counts in bench_held and bench_failed.
#                                    CUT_SEED chooses other cuts; CUT_KEEP is a folder for logs with cuts that did harm
#   bench_tiny NAME MODE SECONDS [OPTIONS]   a small PC that runs cut-work on an ext4 mounted with OPTIONS. UNTIL is a word
#                                    to wait for as well, TRIES the fifths of a second to wait; MODE box runs cut-box
#                                    beside

bench_tools=$BUILD/tests/vm/power-cut
bench_seed=${CUT_SEED:-1}
bench_end=999999999999 # more records than a log has
declare -A bench_pid bench_base

bench_need() {
	if [ "$(id -u)" != 0 ] || ! losetup --find >/dev/null 2>&1; then
		echo "disks are looked at through loop devices: root only"
		exit 77
	fi
	[ -x "$bench_tools/cut-work" ] || { echo "this build has no cut-work"; exit 77; }
}

bench_serve() {
	local name=$1 tries=100
	bench_base[$name]=$2
	cp --sparse=always "$2" "$T/$name.disk"
	"$bench_tools/cut-disk" serve "$T/$name.disk" "$T/$name.log" "$T/$name.nbd" "$T/$name.say" >"$T/$name.words" &
	bench_pid[$name]=$!
	while [ ! -S "$T/$name.nbd" ]; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { echo "cut-disk did not start"; return 1; }
		sleep 0.05
	done
}

bench_say() {
	"$bench_tools/cut-disk" say "$T/$1.say" "$2"
}

bench_served() {
	wait "${bench_pid[$1]}"
	"$bench_tools/cut-replay" info "$T/$1.log" >"$T/$1.info"
	echo "$1: $(tail -n 1 "$T/$1.info")"
}

# bench_word NAME PATTERN: the number of the first record that says so.
bench_word() {
	awk -v pattern="$2" '{ n = $1; sub(/^[0-9]+ /, "") } $0 ~ pattern { print n; exit }' "$T/$1.info"
}

# The seed, the cut's number and the record to begin at say all about a cut; a log is what it is cut from.
bench_cuts() {
	local name=$1 count=$2 check=$3 cut disk=$T/$1.cut made how=()
	bench_held=0 bench_failed=0
	for ((cut = ${FIRST:-1}; cut < ${FIRST:-1} + count; cut++)); do
		how=("$bench_seed" "$cut" "${FROM:-0}" "${TO:-$bench_end}" ${LYING:+lying})
		made=$("$bench_tools/cut-replay" make "${bench_base[$name]}" "$T/$name.log" "$disk" "${how[@]}")
		if "$check" "$disk" >"$disk.wrong" 2>&1; then
			bench_held=$((bench_held + 1))
		else
			bench_failed=$((bench_failed + 1))
			[ "$bench_failed" -gt "${SHOWN:-5}" ] || bench_show "$name" "$made" "${how[*]}" "$disk.wrong"
		fi
		rm -f "$disk"
	done
	echo "$name${WHAT:+, $WHAT}${LYING:+, a disk that ignores flushes}: of $count cuts $bench_held held, $bench_failed did not"
}

bench_show() {
	local keep=${CUT_KEEP:-}
	sed "s/^/  $2: /" "$4"
	[ -n "$keep" ] || return 0
	mkdir -p "$keep"
	[ -e "$keep/$1.log" ] || cp --sparse=always "${bench_base[$1]}" "$keep/$1.base"
	cp -u "$T/$1.log" "$keep/"
	echo "  the disk again: $bench_tools/cut-replay make $keep/$1.base $keep/$1.log DISK $3"
}

# --- looking at a disk ---

# bench_mounted IMAGE OFFSET SIZE COMMAND...: runs it with an ext4 of the image mounted at $bench_at, its journal replayed;
# then the file system must be whole.
bench_mounted() {
	local image=$1 loop r=0
	bench_at=$T/mounted
	mkdir -p "$bench_at"
	# A loop device of its own for every cut: one that is taken again can show what it had before.
	loop=$(losetup --find --show --offset "$2" ${3:+--sizelimit "$3"} "$image")
	shift 3
	if mount -t ext4 -o noatime "$loop" "$bench_at"; then
		"$@" || r=1
		umount "$bench_at"
		e2fsck -fn "$loop" >"$T/fsck" 2>&1 || { r=1 && grep -v '^Pass' "$T/fsck" | head -n 5; }
	else
		r=1
	fi
	losetup --detach "$loop"
	return $r
}

bench_work_kept() {
	"$bench_tools/cut-work" check "$bench_at$1" "$2"
}

bench_check_tiny() {
	bench_mounted "$1" 0 '' bench_work_kept '' "$1.words"
}

# --- the small PC ---

# Kernel and modules are those of the test flavour's image; the modules come in the order in which they need each other.
bench_tiny_make() {
	local base modules tree=$T/tiny module
	base=$(find "$NEXUS_CACHE" -maxdepth 1 -type d -name "base-${box_distro:?}-test-*" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')
	modules=$(echo "$base"/root/usr/lib/modules/*)
	mkdir -p "$tree/m" "$tree/proc" "$tree/dev" "$tree/data"
	install -D -m 0644 "$base/slot/vmlinuz" "$T/tiny.kernel/vmlinuz"
	for module in virtio_pci virtio_blk crc32c_generic ext4; do
		awk -F: -v name="$module.ko" '{ file = $1; sub(/.*\//, "", file); sub(/\.[xz][zs]t?$/, "", file) }
			file == name { n = split($2, needs, " "); for (; n; n--) print needs[n]; print $1 }' "$modules/modules.dep"
	done | awk '!seen[$0]++' | while read -r module; do
		case $module in
		*.xz) xz -dc "$modules/$module" ;;
		*.zst) zstd -qdc "$modules/$module" ;;
		*) cat "$modules/$module" ;;
		esac >"$tree/m/$(basename "$module" | sed 's/\.ko.*/.ko/')"
		echo "/m/$(basename "$module" | sed 's/\.ko.*/.ko/')"
	done >"$tree/modules"
	cp "$bench_tools/cut-init" "$tree/init"
	cp "$bench_tools/cut-work" "$bench_tools/cut-box" "$BUILD/backup/nexus-backup" "$BUILD/agent/nexus-bootstate" "$tree/"
	ldd "$tree/nexus-backup" "$tree/nexus-bootstate" | grep -o '/[^ ]*lib[^ ]*' | grep -v :$ | sort -u | while read -r module; do
		cp -L --parents "$module" "$tree/"
	done
	(cd "$tree" && find . | cpio --quiet -R 0:0 -H newc -o >"$T/tiny.initrd")
	rm -rf "$tree"
	truncate -s 96M "$T/tiny.base"
	mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 "$T/tiny.base"
}

# The same with a boot state and the folders of a box, for MODE box.
bench_tiny_box() {
	local tree=$T/box-tree
	mkdir -p "$tree/tree" "$tree/root/proc" "$tree/root/run/nexus" "$tree/root/run/nexus-bootstate" "$tree/root/var/lib/nexus-bootstate"
	echo 'nexus.mode=installed nexus.slot=A' >"$tree/root/proc/cmdline"
	ln -s /dev/vda1 "$tree/root/run/nexus/bootstate"
	echo secret >"$tree/key"
	"$BUILD/backup/nexus-backup" -q -r "$tree/repo" -p "$tree/key" init
	truncate -s 128M "$T/box.base"
	printf 'label: gpt\nstart=2048, size=2048\nstart=4096\n' | sfdisk -q "$T/box.base"
	{
		printf '# GRUB Environment Block\nMODE=installed\nORDER=A B\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=0\nPROVEN=\n'
		printf 'MACHINE_ID=0123456789abcdef0123456789abcdef\nROUND=000000\n'
		printf '#%.0s' {1..1024}
	} | head -c 1024 | dd of="$T/box.base" bs=512 seek=2048 conv=notrunc status=none
	mke2fs -q -t ext4 -E offset=$((4096 * 512)),lazy_itable_init=0,lazy_journal_init=0 -d "$tree" "$T/box.base" 120M
	rm -rf "$tree"
}

bench_check_box() {
	local said found
	dd if="$1" of="$T/grubenv" bs=512 skip=2048 count=2 status=none
	grub-editenv "$T/grubenv" list >"$T/state" || return 1
	said=$(sed -n 's/^marked //p' "$1.words" | tail -n 1)
	found=$(sed -n 's/^ROUND=0*//p' "$T/state")
	[ "${found:-0}" -ge "${said:-0}" ] || { echo "lost: boot state, $said said, $found found"; return 1; }
	[ -z "$said" ] || grep -qx 'PROVEN=A' "$T/state" || { echo "marked good, and not proven"; return 1; }
	! grep '^broken' "$1.words" || return 1
	bench_mounted "$1" $((4096 * 512)) '' bench_box_kept "$1.words"
}

# The repository as stock restic sees it.
bench_box_kept() {
	local said have restic=(restic --quiet --no-lock --no-cache -r "$bench_at/repo" --password-file "$bench_at/key")
	bench_work_kept '' "$1" || return 1
	said=$(grep -c '^backed up' "$1" || true)
	have=$("${restic[@]}" snapshots --json | jq length) || return 1
	[ "$have" -ge "$said" ] || { echo "lost: $said backups said, $have there"; return 1; }
	"${restic[@]}" check --read-data || return 1
}

bench_tiny() {
	local name=$1 mode=$2 seconds=$3 options=${4:-} pid tries=${TRIES:-600}
	bench_serve "$name" "$T/$([ "$mode" = box ] && echo box || echo tiny).base"
	# shellcheck disable=SC2054  # qemu's options have commas
	qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu EPYC,-cx16,-avx,-avx2 -smp 1 -m 256 -display none -monitor none \
		-nodefaults -no-user-config -no-reboot -serial "file:$T/$name.serial" \
		-chardev "socket,id=words,path=$T/$name.say" -serial chardev:words \
		-kernel "$T/tiny.kernel/vmlinuz" -initrd "$T/tiny.initrd" \
		-append "console=ttyS0,115200 quiet panic=-1 no_timer_check mitigations=off cut.mode=$mode cut.mount=$options" \
		-blockdev "driver=nbd,node-name=disk,server.type=unix,server.path=$T/$name.nbd" \
		-device virtio-blk-pci,drive=disk,write-cache=on >"$T/$name.qemu" 2>&1 </dev/null &
	pid=$!
	until grep -q '^working' "$T/$name.words" && grep -q "^${UNTIL:-working}" "$T/$name.words"; do
		tries=$((tries - 1))
		if [ "$tries" -eq 0 ] || ! kill -0 "$pid" 2>/dev/null; then
			cat "$T/$name.qemu" "$T/$name.serial"
			echo "the small PC did not start to work"
			return 1
		fi
		sleep 0.2
	done
	sleep "$seconds"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	bench_served "$name"
	FROM=$(bench_word "$name" '^working')
}
