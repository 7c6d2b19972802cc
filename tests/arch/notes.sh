#!/usr/bin/env bash
# The firmware notes are whole, sourced and compile; ci/check-notes sees each kind of fault.
# timeout: 60
# parallel: yes
set -euo pipefail
cd "$SRC"
# shellcheck source=ci/lib/refusals.sh
. ci/lib/refusals.sh

echo "the notes themselves"
ci/check-notes
models=$(ci/check-notes | sed 's/ models.*//')
[ "$models" -ge 20 ] || {
	echo "only $models models"
	exit 1
}

checker=ci/check-notes
make_copy() { cp -r firmware-notes "$1"; }

block() {
	printf '\nnexus-firmware:dmi:*:svnAcme:pnOne:*\n NEXUS_NAME=Acme One\n NEXUS_MODES=bios\n'
	printf ' NEXUS_SOURCE_MODEL=linuxhw-dmi\n NEXUS_QUIRKS=none\n NEXUS_NIC=unknown\n'
	printf ' NEXUS_NIC_FIRMWARE=unknown\n NEXUS_VERIFIED=no\n'
	[ $# = 0 ] || printf ' %s\n' "$@"
}
# shellcheck disable=SC2034 # the commands below are evaluated
keys=(NEXUS_BOOT_KEY=F8 NEXUS_SETUP_KEY=Del NEXUS_SOURCE_KEYS=linuxhw-dmi)

expect 'NEXUS_MODES is missing' 'sed -i "0,/NEXUS_MODES/{/NEXUS_MODES/d}" dell.hwdb'
expect 'NEXUS_VERIFIED is missing' 'sed -i "0,/NEXUS_VERIFIED/{/NEXUS_VERIFIED/d}" hp.hwdb'
expect 'NEXUS_NIC has no NEXUS_SOURCE_NIC' 'sed -i "/NEXUS_SOURCE_NIC/d" dell.hwdb'
expect 'NEXUS_QUIRKS has no NEXUS_SOURCE_QUIRKS' 'sed -i "/SOURCE_QUIRKS/d" hp.hwdb'
expect 'NEXUS_SET_POWER_LOSS has no NEXUS_SOURCE_SETTINGS' 'sed -i "/SOURCE_SETTINGS/d" lenovo.hwdb'
expect 'NEXUS_BOOT_KEY has no NEXUS_SOURCE_KEYS' 'sed -i "/SOURCE_KEYS/d" lenovo.hwdb'
expect 'NEXUS_SOURCE_MODEL is missing' 'sed -i "/SOURCE_MODEL/d" lenovo.hwdb'
expect 'is not in sources.md' 'sed -i "/^| hp-6300-uefi /d" sources.md'
expect 'nothing uses source idle' 'echo "| idle | A title | https://example.net/ | nobody |" >>sources.md'
expect 'has no title, address or scope' 'sed -i "s#https://github.com/linuxhw/DMI#somewhere#" sources.md'
expect 'unknown quirk hopping' 'sed -i "s/efi_entry/hopping/" hp.hwdb'
expect 'unknown goal WARMTH' 'sed -i "s/_KEYBOARD=/_WARMTH=/" dell.hwdb'
expect 'unknown key F13' 'sed -i "s/KEY=F12/KEY=F13/" dell.hwdb'
expect 'unknown mode open' 'sed -i "s/MODES=bios uefi/MODES=open/" dell.hwdb'
expect 'unknown state of firmware maybe' 'sed -i "s/FIRMWARE=wanted/FIRMWARE=maybe/" dell.hwdb'
expect 'unknown property NEXUS_COLOUR' 'block "${keys[@]}" NEXUS_COLOUR=red >>dell.hwdb'
expect 'neither no nor a date' 'sed -i "s/VERIFIED=no/VERIFIED=yes/" dell.hwdb'
expect 'more than 120 bytes' 'block "${keys[@]}" "NEXUS_KERNEL_ARGS=$(printf %0121d 0)" >>dell.hwdb'
expect 'NEXUS_KERNEL_ARGS is missing' 'block "${keys[@]}" | sed "s/QUIRKS=none/QUIRKS=kernel_args/" >>dell.hwdb'
expect 'is not a name, = and a value' 'sed -i "s/AcPwrRcvry=On/AcPwrRcvry/" dell.hwdb'
expect 'without NEXUS_SET_AHCI' 'sed -i "/SET_AHCI/d" dell.hwdb'
expect 'a # within a line' 'sed -i "s/NAME=Dell OptiPlex 390/& # old/" dell.hwdb'
expect 'not a line of this format' 'echo "NEXUS_NAME=x" >>dell.hwdb; echo "  NEXUS_A=b" >>dell.hwdb'
expect 'not a pattern of this format' 'printf "\nnexus-firmware:*\n NEXUS_NAME=x\n" >>dell.hwdb'
expect 'no keys, neither here nor of the maker' 'block >>dell.hwdb'
expect 'shadows' 'block "${keys[@]}" >>hp.hwdb; block "${keys[@]}" >>dell.hwdb'
expect 'shadows' 'block "${keys[@]}" | sed "s/svnAcme:pnOne/svnDellInc.:pnOpti*/" >>dell.hwdb'
expect 'NEXUS_NIC is there twice' 'block "${keys[@]}" NEXUS_NIC=a >>dell.hwdb'
expect 'the pattern is there twice' 'sed -i "/pnOptiPlex390:/p" dell.hwdb'
expect 'no model at all' ': >dell.hwdb; : >hp.hwdb; : >lenovo.hwdb'

# What the checker lets pass, the compiler takes, and a lookup finds it.
if command -v systemd-hwdb >/dev/null; then
	mkdir -p "$T/root/etc/udev/hwdb.d"
	cp firmware-notes/*.hwdb "$T/root/etc/udev/hwdb.d/"
	systemd-hwdb --strict --root="$T/root" update 2>"$T/err"
	[ ! -s "$T/err" ] || {
		cat "$T/err"
		exit 1
	}
fi
[ "$refusals_missed" = 0 ]
