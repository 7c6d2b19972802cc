#!/usr/bin/env bash
# timeout: 3600
# An update by the product's own hands: the console sends a bundle to an adopted box, the box checks and installs it, restarts
# into slot B, proves itself and says so; what was backed up before is there. A stranger's bundle and an older one change nothing.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

# slots: what the box says of its slots, "NAME VERSION STATE PROVEN" a line.
slots() {
	box_nexus fleet status "$box_name" --json |
		jq -r '[.. | .slots? | arrays] | first | .[] | "\(.name) \(.version) \(.state) \(.proven)"'
}

# until_slots PATTERN SECONDS: until the box says so.
until_slots() {
	local end=$((SECONDS + $2))
	until slots 2>/dev/null >"$box_dir/slots" && grep -q "$1" "$box_dir/slots"; do
		vm_running pc || { echo "the box is off"; return 1; }
		[ $SECONDS -lt $end ] || { cat "$box_dir/slots"; vm_serial pc | tail -n 20; echo "no '$1' within $2 s"; return 1; }
		sleep 3
	done
	cat "$box_dir/slots"
}

# refused TEXT BUNDLE: with the other slot as it was.
refused() {
	local code=0
	slots >"$box_dir/before"
	box_nexus fleet update "$box_name" "$2" --now >"$box_dir/said" 2>&1 || code=$?
	cat "$box_dir/said"
	[ $code != 0 ] || { echo "$2 was taken"; return 1; }
	grep -q "$1" "$box_dir/said" || { echo "it does not say '$1'"; return 1; }
	slots | cmp - "$box_dir/before"
}

box_open "$T"
trap box_close EXIT
box_prepare
version=$(jq -r .version "$box_image_dir/report.json")

echo "--- bundles"
for new in 0.0.1 0.2.0; do
	change=$(box_change $new)
	echo "# of $new" >>"$change/usr/lib/nexus/console"
	box_bundle $new
done
"$SRC/image/keys" root "$box_dir/others" --no-passphrase
"$SRC/image/keys" signing "$box_dir/others" --root "$box_dir/others" --no-passphrase
"$SRC/image/bundle" --key "$box_dir/others/signing.key.pem" --cert "$box_dir/others/signing.cert.pem" \
	--ca "$box_dir/others/ca.cert.pem" --out "$box_dir/stranger.raucb" "$box_dir/build-0.2.0"

echo "--- a box at work"
box_install bios
box_boot bios
box_adopt
box_fill 60
box_backup
until_slots "^A $version .* true$" 300

echo "--- refused"
refused 'signature verification failed' "$box_dir/stranger.raucb"
refused "has version '0.0.1', '$version' runs" "$box_dir/0.0.1.raucb"

echo "--- taken"
begun=$SECONDS
box_nexus fleet update "$box_name" "$box_dir/0.2.0.raucb" --now
echo "sent and installed within $((SECONDS - begun)) s"
until_slots '^B 0.2.0 .* true$' 900
echo "proven in slot B after $((SECONDS - begun)) s"
box_shell 'cat /proc/cmdline' | grep -o 'nexus.slot=B'
box_boot_report
box_restore
box_compare
box_power_off
