#!/usr/bin/env bash
# The pages on whole terminals, driven by keystrokes, against saved screens: Spanish at a serial
# vt100 and English at a PC's screen, with faked disks; a box repaired, a disk that fails.
# timeout: 400
# parallel: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
. "$SRC/tests/integ/install/pc"
. "$SRC/tests/integ/install/terminal"
need
for tool in tmux zbarimg python3 systemd-hwdb; do
	command -v $tool >/dev/null || skip "needs $tool"
done
export LC_ALL=C.UTF-8 LANGUAGE='' NEXUS_LOCALEDIR=$BUILD/po
trap 'term_close; cleanup' EXIT
use_layout small
pc_notes "$T/notes.bin"
stick=$T/stick.img
"$SRC/tests/integ/install/stick" "$stick" || fail "make stick"
attach "$stick"
stick_dev=$loop

# A Dell with four disks: one in use, one that fails, one too small, a blank one; and the stick.
pc_dell "$T/dell"
mb=2048 # sectors
pc_disk "$T/dell" sda $((400 * mb)) 8:0 "ST500DM002-1BD14" W2A8K3F9 passed
mkfs.ext4 -q -F -L contabilidad "$T/dell/dev/sda"
pc_disk "$T/dell" sdb $((400 * mb)) 8:16 "WDC WD1600AAJS" WMAV1234 failed
pc_disk "$T/dell" sdc $((64 * mb)) 8:32 "SanDisk SSD U100" 1234567890
pc_disk "$T/dell" sdd $(($(stat -c %s "$stick") / 512)) "$(lsblk -dno MAJ:MIN "$stick_dev" | tr -d ' ')" "DataTraveler" 60A44C
pc_disk "$T/dell" sde $((300 * mb)) 8:64 "KINGSTON SA400S37" "" passed

# at COLUMNS ROWS TYPE ARGUMENT...: the installer there.
at() {
	local columns=$1 rows=$2 type=$3
	shift 3
	term_open "$columns" "$rows" "$type" "$program" --layout "$layout" --facts "$T/dell" --notes "$T/notes.bin" \
		--source "$stick_dev" "$@"
}

untouched() {
	cmp -s "$T/sda.before" "$T/dell/dev/sda" || fail "$1: the disk was changed"
}
cp --sparse=always "$T/dell/dev/sda" "$T/sda.before"

# Spanish, at the other end of a serial line.
at 80 24 vt100
term_wait "Idioma / Language"
term_same es-1-language
term_keys Up Enter
term_wait "¿Sirve este PC"
term_same es-2-fit
term_keys Enter
term_wait "Qué ajustar"
term_same es-3-firmware
term_keys Enter
term_wait "Qué disco"
term_same es-4-disks
term_keys Down Down Down Up Up
sleep 0.3
term_screen | grep -q "> /dev/sda" || fail "the arrows pass over what can't be picked, and end at the last"
term_keys Enter
term_wait "Se perderán TODOS"
term_keys nada Enter
term_wait "La confirmación no coincide"
term_same es-5-confirm
untouched "a wrong confirmation"
term_keys BSpace k3f8 Escape
term_wait "Qué disco"
term_keys Enter
term_wait "Se perderán TODOS"
term_screen | grep -q "Confirmación: *$" || fail "a field is empty again"
term_keys k3f9 Enter
term_wait "Nombre del equipo"
term_keys Tienda_1 Enter
term_wait "Ese nombre no se puede"
term_keys tienda-12 BSpace Enter
term_wait "Listo para empezar"
term_same es-6-ready
term_keys C-c
term_wait "No se cambió nada"
term_keys Enter
[ "$(term_status)" = 1 ] || fail "quit: exit status"
untouched "everything but the last Enter"
# Reverse and bold are all that it takes.
if grep -qaP '\x1b\[[0-9;]*3[0-9]m|\x1b\[[0-9;]*4[0-9]m' "$T/sent"; then fail "a vt100 was sent colours"; fi
grep -qaP '\x1b\[[0-9;]*7m' "$T/sent" || fail "nothing stands out at a vt100"

# English, at the PC's screen; back from the last page to the first one.
at 80 24 linux
term_wait "Idioma / Language"
term_keys Down Enter
term_wait "fit for a server?"
term_same en-2-fit
term_keys Enter
term_wait "in the firmware"
term_same en-3-firmware
term_keys Enter
term_wait "Which disk"
term_same en-4-disks
term_keys r
sleep 0.3
term_wait "Which disk"
term_keys Down Enter
term_wait "Name of the box"
term_keys Enter
term_wait "A box is made on this disk"
term_same en-6-ready
for page in "Name of the box" "Which disk" "in the firmware" "fit for a server" "Idioma"; do
	term_keys Escape
	term_wait "$page"
done
term_keys q
term_wait "Nothing was changed"
term_keys Enter
[ "$(term_status)" = 1 ] || fail "quit from the first page: exit status"

# Windows of other sizes: too small is told, a larger one is used; lines for who can't do better.
at 70 20 vt220 --language es
term_wait "70 columnas y 20 filas"
term_same es-7-small
term_tmux resize-window -x 100 -y 30
term_wait "¿Sirve este PC"
term_same es-8-large
term_tmux resize-window -x 60 -y 24
term_wait "60 columnas"
term_keys p
term_wait "Intro: seguir, <: atrás, q: salir:"
term_keys q Enter
[ "$(term_status)" = 1 ] || fail "plain lines: exit status"

# A terminal that can only do lines gets them unasked.
at 80 24 dumb --language en
term_wait "Enter: go on, <: back, q: quit:"
term_keys q Enter
[ "$(term_status)" = 1 ] || fail "a dumb terminal: exit status"

# From one end to the other, on a real loop device: install, then find the box and repair it.
new_disk disk
at 80 24 vt100 --language es --target "$disk" --name caja-1
term_wait "¿Sirve"
term_keys Enter
term_wait "Qué ajustar"
term_keys End
sleep 0.2
term_keys Enter
term_wait "Listo para empezar"
term_keys Enter
term_wait "LISTO en" 60
term_screen >"$T/done"
term_keys Enter
[ "$(term_status)" = 0 ] || fail "installed: exit status"
complete "$stick" "$disk" || fail "complete"
code=$(stick_file "$stick" nexus-seed report.json | jq -r .code)
id=$(stick_file "$stick" nexus-seed report.json | jq -r .box.box_id)
grep -qF "$code" "$T/done" || fail "the code is on the screen"
# What a phone sees: half blocks are pixels.
python3 - "$T/done" "$T/code.pgm" <<'PY'
import sys
rows = []
for line in open(sys.argv[1], encoding="utf-8"):
    at = line.rstrip("\n")[46:79]
    if not set(at) & set("█▀▄") or len(at) < 33:
        continue
    rows.append([c in "█▀" for c in at])
    rows.append([c in "█▄" for c in at])
scale = 8
with open(sys.argv[2], "wb") as out:
    out.write(b"P5 %d %d 255\n" % (33 * scale, len(rows) * scale))
    for row in rows:
        out.write(b"".join((b"\xff" if light else b"\0") * scale for light in row) * scale)
PY
seen=$(zbarimg -q --nodbus --raw "$T/code.pgm")
[ "$seen" = "NEXUS:${id^^}:$code" ] || fail "the picture says \"$seen\", wanted NEXUS:${id^^}:$code"

change_data "$disk" sh -c 'echo precious >var/lib/precious'
at 80 24 vt100 --language es --target "$disk"
term_wait "¿Sirve"
term_keys Enter
term_wait "Qué ajustar"
term_keys End
sleep 0.2
term_keys Enter
term_wait "contiene un equipo"
term_same es-9-box
term_keys Enter
term_wait "Tarda unos minutos"
term_keys Enter
term_wait "LISTO en" 60
term_keys Enter
[ "$(term_status)" = 0 ] || fail "repaired: exit status"
complete "$stick" "$disk" || fail "complete after the repair"
[ "$(with_data "$disk" cat var/lib/precious)" = precious ] || fail "the data stayed"

# A disk that fails in mid-write: told, reported, nothing to boot, and the exit status says so.
use_faults
term_open 80 24 vt100 env LD_PRELOAD="$T/fault.so" FAULT="write $disk 6 eio" "$program" --layout "$layout" \
	--facts "$T/dell" --notes "$T/notes.bin" --source "$stick_dev" --target "$disk" --language es
for page in "¿Sirve" "Qué ajustar" "contiene un equipo" "Tarda unos minutos"; do
	term_wait "$page"
	term_keys End
	sleep 0.2
	term_keys Enter
done
term_wait "No funcionó" 60
term_same es-10-broken
term_keys Enter
[ "$(term_status)" = 1 ] || fail "a broken disk: exit status"
bios_boots "$disk" && fail "a broken disk: a BIOS would boot it"
uefi_boots "$disk" && fail "a broken disk: UEFI would boot it"
stick_file "$stick" nexus-seed report.json | jq -e '.result == "failed" and .disk_touched' >/dev/null || fail "a broken disk: report"
finish
