#!/usr/bin/env bash
# The questions, answered at a real terminal: wrong answers change nothing, right ones install;
# a damaged install.conf falls back to questions.
# timeout: 300
# parallel: yes
# asan: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
. "$SRC/tests/integ/install/pc"
need
command -v script >/dev/null || skip "needs script of util-linux"
command -v systemd-hwdb >/dev/null || skip "needs systemd-hwdb"
use_layout small

stick=$T/stick.img
"$SRC/tests/integ/install/stick" "$stick" || fail "make stick"
new_disk disk
pc_good "$T/pc"
pc_notes "$T/notes.bin"

# type_at ANSWERS ARGUMENT...: answers (with \n) are typed ahead, after those to the first two
# pages, of a PC that is fit; the terminal is closed at the end. Output in $T/out.
type_at() {
	local answers=$1
	shift
	status=0
	printf '\n2\n%b' "$answers" | script -qec "$(printf '%q ' "$program" --plain --language en --layout "$layout" \
		--facts "$T/pc" --notes "$T/notes.bin" --source "$stick" "$@")" /dev/null >"$T/out" 2>"$T/err" || status=$?
	tr -d '\r' <"$T/out" >"$T/out.plain"
	mv "$T/out.plain" "$T/out"
}

# A blank disk: only the name is asked for, and a bad one again.
type_at 'Caja Uno\nCaja-1\n\n' --target "$disk"
expect 0 "DONE" "a blank disk with a name typed"
said "That name can't be used" || fail "a bad name is refused"
said "%" || fail "there is a progress bar"
[ "$(with_data "$disk" jq -r .name var/lib/nexus-agent/identity.json)" = caja-1 ] || fail "the name is the box's"
complete "$stick" "$disk" || fail "complete"

remember "$disk"
type_at '7\n<\n' --target "$disk"
expect 1 "Repair it, keep the data" "a box of ours: back"
said "That can't be chosen" || fail "a choice that is not there"
[ "$(grep -c "What to set in the firmware" "$T/out")" = 2 ] || fail "back is the page before"
changed "$disk" && fail "back changed something"
type_at '2\nnope\n' --target "$disk"
expect 1 "does not match" "a box of ours: erase, a wrong confirmation"
said "EVERYTHING on this disk will be lost" || fail "it is said what is at stake"
changed "$disk" && fail "a wrong confirmation changed something"
type_at '2\n' --target "$disk"
expect 1 "" "a terminal that goes away at the question"
changed "$disk" && fail "a terminal that went away changed something"
identity=$(with_data "$disk" cat var/lib/nexus-agent/identity.json)
type_at '\n\n' --target "$disk"
expect 0 "Repairing" "a box of ours: repair is what Enter picks"
[ "$(with_data "$disk" cat var/lib/nexus-agent/identity.json)" = "$identity" ] || fail "the identity was kept"
type_at "2\n${disk#/dev/}\n\n\n" --target "$disk"
expect 0 "DONE" "a box of ours: erase, confirmed"
[ "$(with_data "$disk" cat var/lib/nexus-agent/identity.json)" != "$identity" ] || fail "the identity is new"

# The language comes first, and is spoken from there on; this PC has no disk to choose.
status=0
printf '1\n\n2\n\nq\n' | NEXUS_LOCALEDIR=$BUILD/po script -qec "$(printf '%q ' "$program" --plain \
	--layout "$layout" --facts "$T/pc" --notes "$T/notes.bin" --source "$stick")" /dev/null >"$T/out" 2>"$T/err" || status=$?
expect 1 "No se encontró ningún disco" "quit where there is no disk, in Spanish"
said "No se cambió nada" || fail "quit: it is said that nothing was changed"

printf '[Install]\nUnattended=ja\n' >"$T/install.conf"
mcopy -o -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" "$T/install.conf" ::/install.conf
remember "$disk"
type_at '2\n7\n' --target "$disk"
expect 1 "line 2" "a damaged install.conf with somebody there"
said "install.conf on the stick is not used" || fail "it says that install.conf is not used"
said "Repair it, keep the data" || fail "questions are asked instead"
changed "$disk" && fail "a damaged install.conf changed something"
finish
