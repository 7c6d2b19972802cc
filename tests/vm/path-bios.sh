#!/usr/bin/env bash
# timeout: 1800
# The main job on a PC with legacy BIOS, with the power cut in the middle of the first backup.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

box_open "$T"
trap box_close EXIT
box_prepare
box_install bios
box_boot bios
box_adopt
box_boot_report
box_fill 120

box_nexus fleet backup "$box_name" --no-wait
for _ in $(seq 60); do
	box_shell sudo find /data/backup/repo/data -type f 2>/dev/null | grep -q . && break
	sleep 0.5
done
vm_kill pc
echo "the power is cut"

box_boot bios
box_boot_report
cuts=$(box_nexus fleet status "$box_name" --json | jq -r '[.. | .power_cuts? | objects | .count] | first')
[ "$cuts" = 1 ] || { echo "the box counts $cuts power cuts, not 1"; exit 1; }
box_backup
box_restore
box_compare
box_power_off
box_restic_check
