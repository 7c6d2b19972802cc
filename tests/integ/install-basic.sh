#!/usr/bin/env bash
# An unattended installation, the same stick again, a repair, an erasure: on loop devices.
# timeout: 300
# parallel: yes
# asan: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
need
use_layout small

printf '[Install]\r\nUnattended=yes\r\nName=tienda-1\r\n' >"$T/install.conf"
stick=$T/stick.img
"$SRC/tests/integ/install/stick" "$stick" "$T/install.conf" || fail "make stick"
attach "$stick"
stick_dev=$loop
new_disk disk

run --source "$stick_dev" --target "$disk"
expect 0 "DONE" "a blank disk is installed without a question"
complete "$stick" "$disk" || fail "the disk is complete"
code=$(stick_file "$stick" nexus-seed report.json | jq -r .code)
[[ $code =~ ^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$ ]] || fail "code: $code"
said "          $code" || fail "the code is on the screen"
stick_file "$stick" nexus-seed report.txt | grep -q "$code" || fail "the code is in report.txt"
secret=$(with_data "$disk" jq -r .secret var/lib/nexus-agent/adoption.json)
[ "$(tr -d - <<<"$code" | cut -c 9-)" = "$secret" ] || fail "the code's second half is the secret"
stick_file "$stick" nexus-seed report.json |
	jq -e '.schema == "nexus.install-report/1" and .result == "installed" and .seconds > 0 and .box.name == "tienda-1" and
		(.boxes | length) == 1 and (.steps | map(.name)) ==
		["check","prepare","copy","compare","data","boot-files","finish"]' >/dev/null ||
	fail "report.json"

remember "$disk"
run --source "$stick_dev" --target "$disk"
expect 0 "already made this box" "the stick that stayed in does nothing"
changed "$disk" && fail "the disk was changed by the stick that stayed in"

# Something of the client's, and a system that rots.
change_data "$disk" sh -c 'echo precious >var/lib/precious'
identity=$(with_data "$disk" cat var/lib/nexus-agent/identity.json var/lib/nexus-identity/machine-id)
dd if=/dev/urandom of="$disk" bs=512 seek=$((root_at + 40)) count=64 conv=notrunc status=none
dd if=/dev/zero of="$disk" bs=440 count=1 conv=notrunc status=none
run --source "$stick_dev" --target "$disk" --repair
expect 0 "DONE" "a box is repaired"
complete "$stick" "$disk" || fail "the repaired disk is complete"
[ "$(with_data "$disk" cat var/lib/precious)" = precious ] || fail "the data was kept"
[ "$(with_data "$disk" cat var/lib/nexus-agent/identity.json var/lib/nexus-identity/machine-id)" = "$identity" ] ||
	fail "the identity was kept"
stick_file "$stick" nexus-seed report.json | jq -e '.mode == "repair" and .result == "repaired" and (.boxes | length) == 1' >/dev/null ||
	fail "report of the repair"

# Another stick knows nothing of this box: without Confirm= its data is kept, with it not.
mdel -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" ::/report.json
run --source "$stick_dev" --target "$disk"
expect 0 "Repairing" "another stick repairs the box"
[ "$(with_data "$disk" cat var/lib/precious)" = precious ] || fail "the data was kept by another stick"
mdel -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" ::/report.json
printf '[Install]\nUnattended=yes\nConfirm=ERASE\n' >"$T/erase.conf"
run --source "$stick_dev" --target "$disk" --seed "$T/erase.conf"
expect 0 "Installing" "Confirm=ERASE makes a new box"
complete "$stick" "$disk" || fail "the new box is complete"
with_data "$disk" test ! -e var/lib/precious || fail "the old data is gone"
[ "$(with_data "$disk" cat var/lib/nexus-agent/identity.json)" != "$identity" ] || fail "the identity is new"
use_layout real
new_disk real 12G
run --source "$stick_dev" --target "$disk" --yes
expect 0 "DONE" "the product's partitions"
complete "$stick" "$disk" || fail "the disk with the product's partitions is complete"
if losetup -j "$disk_file" --noheadings | grep -qv "^$disk:"; then fail "a loop device was left"; fi
finish
