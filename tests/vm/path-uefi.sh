#!/usr/bin/env bash
# timeout: 1800
# The main job on a PC with UEFI and Secure Boot enforced: stick, blank disk, boot, adoption, backup, restore, stock
# restic. Then the same disk in a PC with UEFI alone.
set -euo pipefail
# shellcheck source=tests/vm/box.sh
. "$SRC/tests/vm/box.sh"

box_open "$T"
trap box_close EXIT
box_prepare
box_install sb
grep -q 'Secure Boot' "$box_dir/install.serial"
box_boot sb

# A code whose second half is wrong: the right box, but nobody may in.
wrong=$(sed 's/.$//' "$box_dir/code")$(tail -c 2 "$box_dir/code" | tr '0-9A-Z\n' '1-9A-Z0')
printf '%s\n' "$wrong" >"$box_dir/wrong"
if box_nexus fleet adopt "127.0.0.1:$box_port" --name "$box_name" --code-file "$box_dir/wrong"; then
	echo "a wrong code adopted the box"
	exit 1
fi

box_adopt
enforced=$(box_shell "od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-*")
[ "${enforced//[^0-9]/}" = 1 ] || { echo "Secure Boot is not enforced: '$enforced'"; exit 1; }
box_boot_report
box_nexus fleet status
box_fill 120
box_backup
box_backup_again
box_restore
box_compare
box_measure
box_power_off
box_restic_check
box_figures

echo "--- the same disk without Secure Boot"
box_boot uefi
box_boot_report
box_power_off
