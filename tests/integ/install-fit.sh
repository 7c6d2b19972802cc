#!/usr/bin/env bash
# The first page: faked PCs (a Dell that lets its settings be read, an HP that does not, a PC that
# nobody knows), their saved screens, keystrokes, and the same in the unattended report.
# timeout: 120
# parallel: yes
# asan: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
. "$SRC/tests/integ/install/pc"
need
command -v script >/dev/null || skip "needs script of util-linux"
command -v systemd-hwdb >/dev/null || skip "needs systemd-hwdb"
use_layout small
pc_notes "$T/notes.bin"
new_disk disk
golden=$SRC/tests/golden/install

# page PC ANSWERS ARGUMENT...: the page at a terminal, answers typed ahead.
page() {
	local pc=$1 answers=$2
	shift 2
	status=0
	printf '%b' "$answers" | script -qec "$(printf '%q ' "$program" --plain --fit --facts "$T/$pc" \
		--notes "$T/notes.bin" --layout "$layout" --target "$disk" "$@")" /dev/null \
		>"$T/out" 2>"$T/err" || status=$?
	tr -d '\r' <"$T/out" >"$T/out.plain"
	mv "$T/out.plain" "$T/out"
}

setting() { # PC NAME
	cat "$T/$1"/sys/class/firmware-attributes/*/attributes/"$2"/current_value
}

for pc in dell hp unknown; do
	"pc_$pc" "$T/$pc"
	status=0
	"$program" --fit --facts "$T/$pc" --notes "$T/notes.bin" --layout "$layout" --target "$disk" \
		</dev/null >"$T/$pc.txt" 2>"$T/err" || status=$?
	[ "$status" = "$([ $pc = unknown ] && echo 1 || echo 0)" ] || fail "$pc: exit status $status"
	sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC/DATE/' \
		"$T/$pc.txt" >"$T/$pc.screen"
	if diff -u "$golden/$pc.txt" "$T/$pc.screen"; then
		ok "$pc: the screen is as saved"
	else
		fail "$pc: another screen than $golden/$pc.txt"
	fi
	[ "$(wc -L <"$T/$pc.txt")" -lt 80 ] || fail "$pc: wider than a screen"
	awk -v RS= 'gsub(/\n/, "\n") >= 22 { exit 1 }' "$T/$pc.txt" || fail "$pc: a page is longer than a screen"
done

# Nobody there: nothing is changed unless it was said.
[ "$(setting dell AcPwrRcvry)" = Off ] || fail "looking changed a setting"

# Enter turns the page, and once more: later. Then the change. What is read back decides what is said.
page dell '\n\n'
expect 0 "Change from here what can be changed" "asked, and not wanted"
[ "$(setting dell AcPwrRcvry)" = Off ] || fail "a no changed a setting"
# A file, unlike sysfs, keeps the end of what was longer.
: >"$T/dell/sys/class/firmware-attributes/dell-wmi-sysman/attributes/EmbSataRaid/current_value"
echo -n Raid >"$T/dell/sys/class/firmware-attributes/dell-wmi-sysman/attributes/EmbSataRaid/current_value"
page dell '\n3\n2\n'
expect 0 "2 settings were changed" "changed at the screen"
[[ $(setting dell AcPwrRcvry) == On* ]] || fail "AcPwrRcvry was not set"
[ "$(setting dell EmbSataRaid)" = Ahci ] || fail "EmbSataRaid was not set"
[ "$(setting dell WakeOnLan)" = LanOnly ] || fail "what was well was changed"
pc_dell "$T/dell"
mkdir -p "$T/dell/sys/class/firmware-attributes/dell-wmi-sysman/authentication/Admin"
echo bios-admin >"$T/dell/sys/class/firmware-attributes/dell-wmi-sysman/authentication/Admin/role"
echo 1 >"$T/dell/sys/class/firmware-attributes/dell-wmi-sysman/authentication/Admin/is_enabled"
page dell '\n\n'
expect 0 "The set-up has a password" "a set-up behind a password"
said "Change from here what" && fail "it offers what can't be done"
page hp 'q\n'
expect 1 "Nothing was changed" "quit, to set it first"
page unknown 'q\n'
expect 1 "This PC is not fit" "an unfit PC: said, and quit"

# The same without a terminal, in the report on the stick, with SetFirmware= of install.conf.
stick=$T/stick.img
"$SRC/tests/integ/install/stick" "$stick" || fail "make stick"
pc_dell "$T/dell"
printf '[Install]\nUnattended=yes\nSetFirmware=yes\n' >"$T/install.conf"
mcopy -o -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" "$T/install.conf" ::/install.conf
run --source "$stick" --target "$disk" --facts "$T/dell" --notes "$T/notes.bin"
expect 0 "DONE" "an unattended installation"
said "2 settings were changed" || fail "SetFirmware= set nothing"
stick_file "$stick" nexus-seed report.json >"$T/report.json"
[ "$(jq -r '.fit.level, (.fit.checks | length), .firmware.model, .firmware.technician,
	([.firmware.settings[] | select(.state == "set") | .goal] | join(","))' "$T/report.json" | tr '\n' ' ')" = \
	"caution 8 Dell OptiPlex 7040 not-asked power-loss,ahci " ] || {
	fail "report.json"
	jq '.fit, .firmware' "$T/report.json"
}
stick_file "$stick" nexus-seed report.txt | tr -d '\r' >"$T/report.txt"
grep -qF 'Disk controller: RAID mode' "$T/report.txt" || fail "report.txt has no first page"
grep -qF 'Power Management > AC Recovery = Power On' "$T/report.txt" || fail "report.txt has no menu"
run --source "$stick" --target "$disk" --facts "$T/dell" --notes /nonexistent --repair
expect 0 "There are no notes on the firmware" "no notes at all"

# An option that makes no sense.
run --fit --json --facts "$T/hp" --notes "$T/notes.bin" --target "$disk"
[ "$(jq -r '.schema, .firmware.quirks[0], .firmware.setup_key' "$T/out" | tr '\n' ' ')" = "nexus.fit/1 efi_entry F10 " ] ||
	fail "--fit --json"
finish
