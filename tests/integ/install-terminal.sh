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

# type_at ANSWERS ARGUMENT...: answers (with \n) are typed ahead, after the one to the first page,
# of a PC that is fit; the terminal is closed at the end. Output in $T/out.
type_at() {
	local answers=$1
	shift
	status=0
	printf 'y\n%b' "$answers" | script -qec "$(printf '%q ' "$program" --layout "$layout" \
		--facts "$T/pc" --notes "$T/notes.bin" --source "$stick" "$@")" /dev/null >"$T/out" 2>"$T/err" || status=$?
	tr -d '\r' <"$T/out" >"$T/out.plain"
	mv "$T/out.plain" "$T/out"
}

# A blank disk: only the name is asked for, and a bad one again.
type_at 'Caja Uno\nCaja-1\n' --target "$disk"
expect 0 "DONE" "a blank disk with a name typed"
said "That name can't be used" || fail "a bad name is refused"
said "%" || fail "there is a progress bar"
[ "$(with_data "$disk" jq -r .name var/lib/nexus-agent/identity.json)" = caja-1 ] || fail "the name is the box's"
complete "$stick" "$disk" || fail "complete"

remember "$disk"
type_at '7\n3\n' --target "$disk"
expect 1 "Repair it: write the system anew" "a box of ours: back"
changed "$disk" && fail "back changed something"
type_at '2\nnope\n' --target "$disk"
expect 1 "does not match" "a box of ours: erase, a wrong confirmation"
said "EVERYTHING on this disk will be lost" || fail "it is said what is at stake"
changed "$disk" && fail "a wrong confirmation changed something"
type_at '2\n' --target "$disk"
expect 1 "" "a terminal that goes away at the question"
changed "$disk" && fail "a terminal that went away changed something"
identity=$(with_data "$disk" cat var/lib/nexus-agent/identity.json)
type_at '1\n' --target "$disk"
expect 0 "Repairing" "a box of ours: repair"
[ "$(with_data "$disk" cat var/lib/nexus-agent/identity.json)" = "$identity" ] || fail "the identity was kept"
type_at "2\n${disk#/dev/}\n\n" --target "$disk"
expect 0 "DONE" "a box of ours: erase, confirmed"
[ "$(with_data "$disk" cat var/lib/nexus-agent/identity.json)" != "$identity" ] || fail "the identity is new"

# Without a target the disks are shown; the stick's is none, and nothing is there to choose. Without
# any disk the PC is not fit: that is asked first.
type_at '\nx\n99\nq\n'
expect 1 "There is no disk with that number" "quit at the list of disks"
said "Nothing was changed" || fail "quit: it is said that nothing was changed"

printf '[Install]\nUnattended=ja\n' >"$T/install.conf"
mcopy -o -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" "$T/install.conf" ::/install.conf
remember "$disk"
type_at '3\n' --target "$disk"
expect 1 "line 2" "a damaged install.conf with somebody there"
said "install.conf on the stick is not used" || fail "it says that install.conf is not used"
said "1, 2 or 3" || fail "questions are asked instead"
changed "$disk" && fail "a damaged install.conf changed something"
finish
