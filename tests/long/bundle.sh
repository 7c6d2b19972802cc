#!/usr/bin/env bash
# timeout: 3600
# What RAUC makes of bundles, and dm-verity of wrong blocks, on a box's own kernel and root, started without GRUB and as far as
# basic.target: others' bundles, halves and other boxes' are refused and nothing is written; a good one comes over HTTP and
# fetches little, another time from a file. Wrong blocks of the running slot are mended; where that can't be, the machine restarts instead of executing them.
set -euo pipefail
# shellcheck source=tests/long/slots.sh
. "$SRC/tests/long/slots.sh"

box_open "$T"
trap box_close EXIT
box_prepare

line="rootfstype=erofs ro systemd.volatile=overlay systemd.gpt_auto=0 panic=15 audit=0 quiet loglevel=4 no_timer_check"
line="$line mitigations=off console=ttyS0,115200 rd.shell=0 rd.emergency=reboot nexus.mode=installed nexus.slot=A rauc.slot=A"
line="$line systemd.unit=basic.target systemd.wants=bundle-test.service"
# A busy machine is slow.
line="$line systemd.default_device_timeout_sec=600"

# What runs in the box; it speaks on the serial port.
script() {
	cat <<-'END'
	exec >/dev/ttyS0 2>&1
	said() { echo "TEST $*"; }
	written() { cat /sys/class/block/sda6/stat /sys/class/block/sda7/stat | awk '{ sum += $7 } END { print sum }'; }
	install() { rauc install "$1" >/run/said 2>&1; code=$?; grep -iE 'fail|error|succeeded|compatible|invalid|valid' /run/said | tail -n 4; said "$2 $code"; }
	said "$(dmesg | grep -c 'FEC .*corrected') blocks mended"
	for name in stranger truncated other; do
		install /run/bundles/$name.raucb $name
	done
	said "$(written) sectors written"
	for link in /sys/class/net/e*; do ip link set dev "${link##*/}" up; ip address add 10.0.2.15/24 dev "${link##*/}"; done
	install http://10.0.2.100/0.2.0.raucb http
	said "$(grep VmHWM /proc/$(pidof rauc | tr ' ' '\n' | head -n 1)/status)"
	said state $(tr '#' '\n' </run/nexus/bootstate | grep '=')
	install /run/bundles/0.2.0.raucb file
	said state $(tr '#' '\n' </run/nexus/bootstate | grep '=')
	sync
	said done
	END
}

# start: with the bundles' disk and, at 10.0.2.100, the server.
start() {
	local verity_hash verity_options part words
	part=$(part_uuid 5)
	eval "$(sed 's/^set //' "$box_dir/kernel/verity.cfg")"
	words="root=/dev/mapper/root roothash=$verity_hash systemd.verity_root_data=PARTUUID=$part"
	words="$words systemd.verity_root_hash=PARTUUID=$part systemd.verity_root_options=$verity_options"
	words="$words,fec-device=/dev/disk/by-partuuid/$part,restart-on-corruption"
	words="$words systemd.mount-extra=PARTUUID=$(part_uuid 8):/data:ext4:noatime systemd.mount-extra=/data/var:/var:none:bind"
	unit script 2000 >"$box_dir/unit"
	vm_new box "$box_dir"
	vm_start box --disk "$box_dir/disk.img" --second "$box_dir/bundles.img" --serve "$box_dir/served" "$box_dir/served.log" \
		--cpus 1 --credential systemd.extra-unit.bundle-test.service "$box_dir/unit" --kernel "$box_dir/kernel" \
		"$line $words"
}

echo "--- bundles"
# A MiB of one file is new, another file is changed, and so are the version and the time of the build.
change=$(box_change 0.2.0)
head -c 1048576 /dev/urandom >"$change/usr/lib/nexus/of-0.2.0"
echo '# of 0.2.0' >>"$change/usr/lib/nexus/console"
box_bundle 0.2.0
size=$(stat -c %s "$box_dir/0.2.0.raucb")
mkdir "$box_dir/bundles" "$box_dir/served" "$box_dir/build-other"
"$SRC/image/keys" root "$box_dir/stranger" --no-passphrase
"$SRC/image/keys" signing "$box_dir/stranger" --root "$box_dir/stranger" --no-passphrase
"$SRC/image/bundle" --key "$box_dir/stranger/signing.key.pem" --cert "$box_dir/stranger/signing.cert.pem" \
	--ca "$box_dir/stranger/ca.cert.pem" --out "$box_dir/bundles/stranger.raucb" "$box_dir/build-0.2.0"
ln "$box_dir/build-0.2.0/usb.img" "$box_dir/build-other/"
jq '.distribution = "other"' "$box_dir/build-0.2.0/report.json" >"$box_dir/build-other/report.json"
"$SRC/image/bundle" --key "$box_keys_dir/signing.key.pem" --cert "$box_keys_dir/signing.cert.pem" \
	--ca "$box_keys_dir/ca.cert.pem" --out "$box_dir/bundles/other.raucb" "$box_dir/build-other"
head -c $((size / 2)) "$box_dir/0.2.0.raucb" >"$box_dir/bundles/truncated.raucb"
cp "$box_dir/0.2.0.raucb" "$box_dir/bundles/"
ln "$box_dir/0.2.0.raucb" "$box_dir/served/"
script >"$box_dir/bundles/script"
vm_disk "$box_dir/bundles.img" "$((size * 5 / 1048576 + 100))M"
mke2fs -q -t ext4 -d "$box_dir/bundles" "$box_dir/bundles.img"
rm -r "$box_dir/bundles"

echo "--- a box with wrong blocks"
make_disk
damage a 0 4096
damage a 41943040 8192
start
vm_wait_off box 2400 || { vm_serial box | tail -n 40; exit 1; }
vm_serial box | grep -a 'TEST\|rror' | tail -n 60
said '[1-9][0-9]* blocks mended'
for name in stranger truncated other; do
	said "$name 1"
done
said '0 sectors written'
said 'http 0'
said 'state .*ORDER=B A .*B_OK=1'
said 'file 0'
for name in kernel root; do
	read -r offset _ < <(box_partition "$box_dir/disk.img" "nexus-$name-b")
	slot_of "$box_dir/build-0.2.0" $name | cmp -n "$(jq ".$name.size_bytes" "$box_dir/build-0.2.0/report.json")" - \
		<(dd if="$box_dir/disk.img" bs=1M iflag=skip_bytes skip="$offset" status=none)
done
fetched=$(awk '{ sum += $1 } END { print sum }' "$box_dir/served.log")
echo "fetched $fetched bytes in $(wc -l <"$box_dir/served.log") answers; the bundle has $size"
[ "$fetched" -lt $((size / 8)) ] || { echo "that is not little"; exit 1; }

echo "--- and with more of them than can be mended"
damage a 0 8388608
start
vm_wait_off box 900
if vm_serial box | grep -a 'TEST '; then
	echo "it ran what is not the image's"
	exit 1
fi
vm_serial box | tail -n 5
