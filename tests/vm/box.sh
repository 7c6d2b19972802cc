# shellcheck shell=bash
# The life of one virtual box, a function a step: packages, image, install from the stick, boot, adoption, backup,
# restore, checks. Used by ci/demo and by the tests of tests/vm. Sourced after ci/lib.sh or with SRC and NEXUS_CACHE
# set; each function prints what it does, for a log, and returns non-zero on failure.

# shellcheck source=tests/vm/qemu.sh
. "$SRC/tests/vm/qemu.sh"

box_suite=trixie
box_distro=debian-trixie
box_name=caja-demo
box_tree=/data/srv/demo
box_restored=/data/restore/demo
box_disk_mib=16384
box_figures_lines=()

# box_open DIR: the folder for everything of this box: disk, stick, console's home. Emptied.
box_open() {
	box_dir=$1
	rm -rf --one-file-system "$box_dir"
	mkdir -p "$box_dir"
	box_packages=$SRC/build/debs
	box_image_dir=$SRC/build/image
}

# Ends the virtual machine that is still running, if any.
box_close() {
	[ "${box_keep_running:-no}" = yes ] || vm_kill_all
}

box_figure() {
	box_figures_lines+=("$(printf '%-52s %s' "$1" "$2")")
}

box_figures() {
	printf '  %s\n' "${box_figures_lines[@]}"
}

# The packages and the test flavour's image that every test of tests/vm starts from.
box_prepare() {
	box_debs
	box_image test
}

# The product's default is Ubuntu; say plainly what is built instead, and why.
box_pick_distro() {
	if curl --silent --head --fail --max-time 5 -o /dev/null "$(
		# shellcheck source=image/distro/ubuntu-noble.conf
		. "$SRC/image/distro/ubuntu-noble.conf"
		printf '%s/dists/noble/InRelease' "$distro_archive"
	)"; then
		box_distro=ubuntu-noble box_suite=noble
		say "  Ubuntu's archive answers: the box will be Ubuntu 24.04, the product's default."
	else
		say "  Ubuntu's archive can't be reached from here: the box will be Debian 13 (trixie), made"
		say "  by the same recipe. The product's default is Ubuntu 24.04."
	fi
}

box_debs() {
	"$SRC/ci/debs" --suite "$box_suite" --out "$box_packages"
}

# The keys that updates of this tree's boxes are signed with: made once, of no use elsewhere.
box_keys() {
	box_keys_dir=$SRC/build/update-keys
	[ ! -e "$box_keys_dir/signing.cert.pem" ] || return 0
	rm -rf "$box_keys_dir"
	"$SRC/image/keys" root "$box_keys_dir" --no-passphrase
	"$SRC/image/keys" signing "$box_keys_dir" --root "$box_keys_dir" --no-passphrase
}

# box_image FLAVOUR: built again only if what goes into it has changed.
box_image() {
	local key
	box_keys
	box_image_dir=$SRC/build/image-$box_distro-$1
	key=$(cd "$SRC" && { find image overlays -type f -print0 | sort -z | xargs -0 sha256sum
		sha256sum "$box_packages"/*.deb "$box_keys_dir/ca.cert.pem" | sed 's|  .*/|  |'; } | sha256sum)
	if [ -s "$box_image_dir/usb.img" ] && [ "$(cat "$box_image_dir/key" 2>/dev/null)" = "$key" ]; then
		echo "nothing changed since $box_image_dir/usb.img was built"
	else
		"$SRC/image/build" --distro "$box_distro" --flavour "$1" --packages "$box_packages" \
			--ca "$box_keys_dir/ca.cert.pem" --out "$box_image_dir"
		printf '%s\n' "$key" >"$box_image_dir/key"
	fi
	box_figure "the stick's image" "$(box_mib "$(stat -c %s "$box_image_dir/usb.img")")"
}

# box_change VERSION: prints the folder for the files that an update has besides the tree's: overlays/common of a copy.
box_change() {
	mkdir -p "$box_dir/change-$1"
	cp -a "$SRC/image" "$SRC/overlays" "$box_dir/change-$1/"
	printf '%s' "$box_dir/change-$1/overlays/common"
}

# box_bundle VERSION [KEYS]: an update with what box_change's folder has by then, as $box_dir/VERSION.raucb.
box_bundle() {
	local keys=${2:-$box_keys_dir}
	SOURCE_DATE_EPOCH=$(date +%s) "$box_dir/change-$1/image/build" --distro "$box_distro" --flavour test --version "$1" \
		--packages "$box_packages" --ca "$box_keys_dir/ca.cert.pem" --out "$box_dir/build-$1"
	"$SRC/image/bundle" --key "$keys/signing.key.pem" --cert "$keys/signing.cert.pem" --ca "$keys/ca.cert.pem" \
		--out "$box_dir/$1.raucb" "$box_dir/build-$1"
}

box_mib() {
	awk -v b="$1" 'BEGIN { printf "%.1f MiB", b / 1048576 }'
}

# box_partition IMAGE NAME: "offset size" in bytes of a partition of a disk image.
box_partition() {
	sfdisk --json "$1" | jq -r --arg name "$2" \
		'.partitiontable.partitions[] | select(.name == $name) | "\(.start * 512) \(.size * 512)"'
}

# box_stick NAME LINE...: a stick of 4 GiB, made as a technician makes it, whose install.conf has these lines.
box_stick() {
	local stick=$box_dir/$1.img loop code=0
	shift
	printf '%s\n' "$@" >"$box_dir/install.conf"
	vm_disk "$stick" 4G
	loop=$(losetup --find --show "$stick")
	"$SRC/build/console/nexus" usb write "$box_image_dir/usb.img" --to "$loop" --confirm "${loop#/dev/}" \
		--seed "$box_dir/install.conf" >"$box_dir/stick.log" 2>&1 || code=$?
	losetup --detach "$loop"
	[ $code = 0 ] || cat "$box_dir/stick.log"
	return $code
}

# box_seed_file STICK NAME: prints a file of the stick's seed partition.
box_seed_file() {
	local offset
	read -r offset _ < <(box_partition "$1" nexus-seed)
	mtype -i "$1@@$offset" "::/$2"
}

# box_install FIRMWARE [OPTION...]: blank disk, stick, unattended; ends when the PC has powered itself off. With options,
# they say which disk.
box_install() {
	local firmware=$1
	shift
	[ $# -gt 0 ] || set -- --disk "$box_dir/disk.img"
	box_stick stick '[Install]' Unattended=yes Disk=auto "Name=$box_name" PowerOff=yes
	vm_disk "$box_dir/disk.img" "${box_disk_mib}M"
	vm_new pc "$box_dir"
	vm_start pc --firmware "$firmware" --stick "$box_dir/stick.img" "$@"
	vm_wait_off pc 600
	vm_serial pc >"$box_dir/install.serial"
	tail -n 40 "$box_dir/install.serial"
	box_seed_file "$box_dir/stick.img" report.txt
	box_seed_file "$box_dir/stick.img" report.json >"$box_dir/report.json"
	jq -e '.result == "installed"' "$box_dir/report.json" >/dev/null
	jq -er .code "$box_dir/report.json" >"$box_dir/code"
	box_figure "the installer's own time" "$(jq -r '.seconds | floor' "$box_dir/report.json") s"
}

# A TCP port of loopback that nobody listens on.
box_free_port() {
	local port
	while port=$((20000 + RANDOM % 20000)); do
		(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	printf '%s' "$port"
}

box_ssh_answers() {
	local line=
	{ read -r -t 3 line <&3; } 3<>"/dev/tcp/127.0.0.1/$box_port" && [[ $line == SSH-2.0-* ]]
} 2>/dev/null

# box_boot FIRMWARE [OPTION...]: starts from the disk, or from what --disk or --disk-nbd among the options says, and waits
# until the box answers on its SSH port.
box_boot() {
	local begun=$SECONDS firmware=$1
	shift
	[[ " $* " == *" --disk"* ]] || set -- --disk "$box_dir/disk.img" "$@"
	box_port=${box_port:-$(box_free_port)}
	vm_start pc --firmware "$firmware" --ssh "$box_port" "$@"
	until box_ssh_answers; do
		if ! vm_running pc || [ $((SECONDS - begun)) -ge 300 ]; then
			vm_serial pc | tail -n 30
			echo "the box does not answer on its SSH port"
			return 1
		fi
		sleep 0.5
	done
}

box_nexus() {
	NEXUS_HOME=$box_dir/home "$SRC/build/console/nexus" "$@"
}

box_shell() {
	box_nexus fleet shell "$box_name" -- "$@"
}

box_adopt() {
	box_nexus fleet adopt "127.0.0.1:$box_port" --name "$box_name" --code-file "$box_dir/code"
}

# What systemd says of this boot; fails if a unit has failed.
box_boot_report() {
	box_shell "systemctl is-system-running --wait >/dev/null; systemd-analyze; systemctl --failed --no-legend --plain |
		sed 's/^/failed: /'" | tee "$box_dir/booted"
	! grep -q '^failed: ' "$box_dir/booted" || return 1
	echo "systemctl --failed: none"
}

# What a small PC can spare: memory in use once the agent is ready (all that is not available, the kernel's own included),
# and how long that took. At most 220 MB; swap is in memory alone, logs have a limit, nothing notes who read a file.
box_small() {
	local used ready data var zram journal
	box_shell "awk '/^MemTotal:/ { t = \$2 } /^MemAvailable:/ { a = \$2 } END { print int((t - a) * 1024 / 1000000) }' /proc/meminfo
		systemctl show --property=ActiveEnterTimestampMonotonic --value nexus-agent.service
		findmnt -no OPTIONS /data; findmnt -no OPTIONS /var; tail -n +2 /proc/swaps | cut -d' ' -f1 | tr '\n' ' '; echo
		journalctl -b -o cat -u systemd-journald | grep -o 'max [0-9.]*[KMG]' | sort -u | tr '\n' ' '; echo" >"$box_dir/small"
	cat "$box_dir/small"
	{ read -r used; read -r ready; read -r data; read -r var; read -r zram; read -r journal; } <"$box_dir/small"
	box_figure "memory in use, agent ready (MemTotal-MemAvailable)" "$used MB"
	box_figure "from the kernel's start to agent ready" "$((ready / 1000000)) s"
	[ "$used" -le 220 ] || { echo "$used MB of memory are in use, more than 220"; return 1; }
	case $data,$var in *noatime*,*noatime*) ;; *) echo "atimes are written: $data $var"; return 1 ;; esac
	[ "${zram%% *}" = /dev/zram0 ] || { echo "swap is: $zram"; return 1; }
	case $journal in *'max 256M'*) ;; *) echo "the journal may become: $journal"; return 1 ;; esac
}

# box_fill MIB: a USB disk with an archive of real files of this machine, so many MiB of them, is plugged into the box and
# unpacked, as a client's old data would be.
box_fill() {
	local disk=$box_dir/old-disk count bytes
	find /usr/bin /usr/include /usr/lib /usr/share -xdev ! -type d -printf '%s %p\n' 2>/dev/null |
		awk -v limit=$(($1 * 1150000)) 'NF == 2 && total < limit { total += $1; print substr($2, 2) }' >"$box_dir/files"
	mkdir -p "$disk"
	tar -C / --no-recursion -T "$box_dir/files" -cf "$disk/files.tar"
	vm_disk "$disk.img" "$(($1 * 2))M"
	mke2fs -q -t ext4 -L old-disk -d "$disk" "$disk.img"
	rm -rf --one-file-system "$disk"
	vm_plug pc old-disk "$disk.img"
	# Each shell costs a login, so one does it all; it prints the numbers of files and of bytes.
	box_shell "sudo udevadm wait --timeout=60 /dev/disk/by-label/old-disk && sudo mkdir -p $box_tree /run/old-disk &&
		sudo mount -o ro /dev/disk/by-label/old-disk /run/old-disk && sudo tar -C $box_tree -xpf /run/old-disk/files.tar &&
		sudo sync && sudo umount /run/old-disk &&
		sudo sh -c 'cd $box_tree && find . -type f | wc -l && du -sb . | cut -f1'" >"$box_dir/filled"
	vm_unplug pc old-disk
	{ read -r count; read -r bytes; } <"$box_dir/filled"
	[ "$bytes" -ge $(($1 * 1048576)) ] || { echo "less than $1 MiB arrived"; return 1; }
	box_figure "files on the box to back up" "$count files, $(box_mib "$bytes")"
}

box_backup() {
	box_nexus fleet backup "$box_name"
}

box_backup_again() {
	box_nexus fleet backup "$box_name"
}

box_restore() {
	box_nexus fleet restore "$box_name" --snapshot latest --target "$box_restored"
}

# Content by diff, all else (mode, owner, times, links) by a listing of both trees. A folder's own size is the file
# system's business.
box_compare() {
	local what='%y %m %U:%G %TY-%Tm-%TdT%TT %n' listing
	listing="find . -mindepth 1 -type d -printf '%P $what\n' -o -mindepth 1 -printf '%P $what %s %l\n' | sort"
	box_shell sudo sh -c "diff -r --no-dereference $box_tree $box_restored$box_tree &&
		cd $box_tree && $listing && echo ==== && cd $box_restored$box_tree && $listing" >"$box_dir/listings.txt"
	sed '/^====$/,$d' "$box_dir/listings.txt" >"$box_dir/before.txt"
	sed '1,/^====$/d' "$box_dir/listings.txt" >"$box_dir/after.txt"
	[ "$(wc -l <"$box_dir/before.txt")" -gt 20 ] || { echo "the listing has fewer than 20 files"; return 1; }
	diff -u "$box_dir/before.txt" "$box_dir/after.txt" | head -50
	cmp "$box_dir/before.txt" "$box_dir/after.txt"
	echo "$(wc -l <"$box_dir/before.txt") files and folders are equal"
}

# Figures for the final table, from the box itself.
box_measure() {
	local memory repository boot jobs
	jobs=$(box_nexus fleet jobs "$box_name" --json)
	box_shell "sudo du -sb /data/backup/repo | cut -f1; free -m | awk '/^Mem:/ { print \$3 \" MiB of \" \$2 }'; systemd-analyze" \
		>"$box_dir/measured"
	{ read -r repository; read -r memory; read -r boot; } <"$box_dir/measured"
	box_figure "the agent's memory (RSS), idle" "$(box_mib "$(box_nexus fleet status "$box_name" --json |
		jq -r '[.. | .agent_rss_bytes? // empty] | first')")"
	box_figure "peak memory of the backup" "$(box_mib "$(jq -r '[.. | objects | select(.kind? == "backup") |
		.result.max_rss_bytes? // empty] | max' <<<"$jobs")")"
	box_figure "repository after two backups" "$(box_mib "$repository")"
	box_figure "memory used on the box" "$memory"
	box_figure "systemd-analyze" "${boot#Startup finished in }"
}

box_power_off() {
	box_shell sudo systemctl poweroff || true
	vm_wait_off pc 120
}

# shellcheck source=ci/lib/restic-peers.sh
. "$SRC/ci/lib/restic-peers.sh"

# Mounts the box's data partition read-only and lets each stock restic there is read all of the repository.
box_restic_check() {
	local offset size loop at=$box_dir/data restic r=0 count=0
	restic_peers_fetch || echo "the newer restic could not be fetched; the one of Debian 12 checks alone"
	read -r offset size < <(box_partition "$box_dir/disk.img" nexus-data)
	loop=$(losetup --find --show --read-only --offset "$offset" --sizelimit "$size" "$box_dir/disk.img")
	mkdir -p "$at"
	mount -o ro,noload "$loop" "$at" || r=1
	if [ $r = 0 ]; then
		for restic in $(restic_peers_old) $(restic_peers_new); do
			"$restic" version
			"$restic" --no-lock --no-cache -r "$at/backup/repo" \
				--password-file "$at/var/lib/nexus-identity/backup/repo.key" check --read-data || r=1
			count=$((count + 1))
		done
		[ "$count" -gt 0 ] || { echo "no stock restic here"; r=1; }
		umount "$at"
	fi
	losetup --detach "$loop"
	return $r
}

# After ci/demo --keep: how to reach it, and how to end it.
box_keep() {
	box_keep_running=yes
	say ""
	say "The box is running. Reach it with"
	say "  NEXUS_HOME=$box_dir/home build/console/nexus fleet status"
	say "  NEXUS_HOME=$box_dir/home build/console/nexus fleet shell $box_name"
	say "and end it with"
	say "  kill $(cat "${vm_folder[pc]}/pid")"
}
