#!/usr/bin/env bash
# timeout: 3600
# Updates on a box as it is, from GRUB to the agent, installed with RAUC: one starts in slot B and is marked good there. When
# that slot's disk wears beyond mending, nothing of it is executed and the box goes back to slot A by itself. An update that
# never gets ready has three tries.
set -euo pipefail
# shellcheck source=tests/long/slots.sh
. "$SRC/tests/long/slots.sh"

box_open "$T"
trap box_close EXIT
box_prepare
version=$(jq -r .version "$box_image_dir/report.json")

# What runs in the box at each start; it goes on where it was.
script() {
	cat <<-'END'
	exec >/dev/ttyS0 2>&1
	state() { tr '#' '\n' </run/nexus/bootstate | grep = | tr '\n' ' '; }
	slot=$(grep -o 'nexus.slot=.' /proc/cmdline)
	slot=${slot#*=}
	step=$(cat /data/step 2>/dev/null || echo 1)
	until state | grep -q "${slot}_TRY=0 .*PROVEN=$slot "; do sleep 1; done
	echo "TEST step $step in slot $slot, $(grep -o '"version": *"[^"]*"' /usr/lib/nexus/image.json), $(state)"
	echo "TEST rauc.service $(systemctl is-active rauc.service), failed: $(systemctl --failed --no-legend | tr '\n' ' ')"
	next() { echo "$1" >/data/step; sync; }
	case $step in
	1)
		rauc install /run/bundles/0.2.0.raucb | tail -n 1
		next 2
		systemctl reboot
		sleep infinity
		;;
	2) next 3 ;;
	3)
		rauc install /run/bundles/0.3.0.raucb | tail -n 1
		next 4
		systemctl reboot
		sleep infinity
		;;
	esac
	END
}

# start: through GRUB, until the script lets it power off.
start() {
	vm_new box "$box_dir"
	vm_start box --firmware bios --disk "$box_dir/disk.img" --second "$box_dir/bundles.img" \
		--credential systemd.extra-unit.update-test.service "$box_dir/unit" \
		--credential systemd.unit-dropin.multi-user.target "$box_dir/wants"
	vm_wait_off box 1500 || { vm_serial box | tail -n 40; exit 1; }
	vm_serial box | grep -aE 'TEST |Nexus: slot|nstalling'
}

tries() {
	vm_serial box | grep -acE "Nexus: slot $1"
}

echo "--- bundles"
change=$(box_change 0.2.0)
echo '# of 0.2.0' >>"$change/usr/lib/nexus/console"
box_bundle 0.2.0
# What systemd should be does not start.
change=$(box_change 0.3.0)
mkdir -p "$change/usr/lib/systemd"
printf '#!/bin/sh\nexit 1\n' >"$change/usr/lib/systemd/systemd"
chmod 0755 "$change/usr/lib/systemd/systemd"
box_bundle 0.3.0
mkdir "$box_dir/bundles"
cp "$box_dir"/0.?.0.raucb "$box_dir/bundles/"
script >"$box_dir/bundles/script"
vm_disk "$box_dir/bundles.img" "$(($(stat -c %s "$box_dir/0.2.0.raucb") * 2 / 1048576 + 60))M"
mke2fs -q -t ext4 -d "$box_dir/bundles" "$box_dir/bundles.img"
rm -r "$box_dir/bundles"
unit script infinity >"$box_dir/unit"
printf '[Unit]\nWants=update-test.service\n' >"$box_dir/wants"
make_disk

echo "--- an update"
start
said 'step 1 in slot A'
said 'step 2 in slot B, "version": *"0.2.0", .*PROVEN=B'
said 'rauc.service inactive, failed: $'
[ "$(tries B)" = 1 ] || { echo "slot B had $(tries B) tries"; exit 1; }

echo "--- its slot wears: one try is left to it"
damage b 0 8388608
read -r offset _ < <(box_partition "$box_dir/disk.img" nexus-bootstate)
dd if="$box_dir/disk.img" of="$box_dir/grubenv" bs=1 skip=$((offset + 4096)) count=1024 status=none
limit=$(sed -n 's/.*"\$slot" \]; then set limit=\([0-9]*\);.*/\1/p' "$SRC/image/boot/grub.cfg")
grub-editenv "$box_dir/grubenv" set "B_TRY=$((limit - 1))"
put bootstate "$box_dir/grubenv" 4096

echo "--- back in slot A, and an update that never gets ready"
start
said "step 3 in slot A, \"version\": *\"$version\", .*B_OK=0.*PROVEN=A"
said "step 4 in slot A, \"version\": *\"$version\", .*B_OK=0.*PROVEN=A"
[ "$(tries B)" = 4 ] || { echo "slot B had $(tries B) tries, not 1 and 3"; exit 1; }
[ "$(tries 'B, try 3')" = 1 ] || { echo "the update had no third try"; exit 1; }
