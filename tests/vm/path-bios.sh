#!/usr/bin/env bash
# timeout: 1800
# The main job on a PC with legacy BIOS, with the power cut in the middle of the first backup; its clock has no battery.
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
box_small
saved=$(box_shell stat -c %Y /var/lib/systemd/timesync/clock)
box_fill 120

box_nexus fleet backup "$box_name" --no-wait
for _ in $(seq 60); do
	box_shell sudo find /data/backup/repo/data -type f 2>/dev/null | grep -q . && break
	sleep 0.5
done
vm_kill pc
echo "the power is cut"

# The clock went back to its beginning; time goes on from where it was last saved, without a network to ask.
box_boot bios --clock 2001-01-01T00:00:00
box_boot_report
box_shell cat /sys/class/rtc/rtc0/since_epoch /proc/uptime
now=$(box_shell date +%s)
echo "time was last saved at $saved, now it is $now"
if [ "$now" -le "$saved" ] || [ "$now" -ge $((saved + 3600)) ]; then echo "the clock is wrong"; exit 1; fi
cuts=$(box_nexus fleet status "$box_name" --json | jq -r '[.. | .power_cuts? | objects | .count] | first')
[ "$cuts" = 1 ] || { echo "the box counts $cuts power cuts, not 1"; exit 1; }
box_backup
box_restore
box_compare
box_power_off
box_restic_check
