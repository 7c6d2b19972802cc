#!/usr/bin/env bash
# What must stop an installation before the disk is touched: the disk's bytes stay as they were.
# timeout: 600
# parallel: yes
# asan: yes
set -uo pipefail
. "$SRC/tests/integ/install/lib"
. "$SRC/tests/integ/flip.bash"
need
use_layout small

good=$T/good.img
stick=$T/stick.img
"$SRC/tests/integ/install/stick" "$good" || fail "make stick"
cp --sparse=always "$good" "$stick"
attach "$stick"
stick_dev=$loop
new_disk disk
# A disk that somebody uses.
mkfs.ext4 -q -F -L client-files "$disk"
remember "$disk"

untouched() {
	if changed "$disk"; then fail "$1: the disk was changed"; fi
}

# refuse STATUS TEXT WHAT ARGUMENT...
refuse() {
	local wanted=$1 text=$2 what=$3
	shift 3
	run --source "$stick_dev" "$@"
	expect "$wanted" "$text" "$what"
	untouched "$what"
}

refuse 1 "does not match" "a wrong confirmation" --target "$disk" --confirm wrong
refuse 1 "nothing confirms" "no confirmation" --target "$disk" --yes
refuse 1 "nothing confirms" "no terminal to confirm at" --target "$disk"
refuse 1 "client-files" "what would be lost is named" --target "$disk" --yes
refuse 1 "there is no box on it" "repair of what is no box" --target "$disk" --repair
refuse 0 "nothing was changed" "a dry run" --target "$disk" --confirm "${disk#/dev/}" --dry-run
refuse 2 "unknown option" "an unknown option" --target "$disk" --fromat
refuse 2 "Did you mean '--target'" "an option misspelt" --targt "$disk"
refuse 2 "needs a value" "an option without its value" --target
refuse 2 "a to z" "a name that can't be" --target "$disk" --name 'No Good'
refuse 1 "never a target" "the stick itself" --target "$stick_dev" --yes
refuse 1 "No such file" "a target that is not there" --target /dev/not-there --yes
refuse 1 "not a disk" "a target that is a file" --target "$disk_file" --yes

truncate -s $((needed - 512)) "$T/small.img"
attach "$T/small.img"
remember "$loop"
refuse 1 "too small" "a disk too small" --target "$loop" --yes
said "$needed bytes) are needed" || fail "the size needed is named"
changed "$loop" && fail "the small disk was changed"

conf() {
	printf '%b' "$1" >"$T/install.conf"
	refuse 1 "$2" "install.conf: $3" --target "$disk" --seed "$T/install.conf"
}
conf '[Install]\nUnattended=yes\nDisk=auto\nConfirm=YES\n' "only ERASE" "a confirmation that is none"
conf '[Install]\nUnattended=perhaps\n' "line 2" "not yes or no"
conf '[Install]\nUnattended=yes\nFormat=all\n' "line 3" "an unknown key"
conf '[Instal]\nUnattended=yes\n' "line 2" "an unknown section"
conf '[Install]\nUnattended=yes\nUnattended\n' "line 3" "a line that is none"
conf '[Install]\nDisk=sda\n' "neither auto nor a path" "a disk that is no path"
conf '[Install]\nUnattended=yes\nUnattended=yes\n' "twice" "a key twice"
head -c 70000 /dev/zero | tr '\0' '#' >"$T/install.conf"
refuse 1 "install.conf" "install.conf: too large" --target "$disk" --seed "$T/install.conf"
# The same from the stick, with nobody there to answer.
printf '[Install]\nUnattended=si\nConfirm\n' >"$T/install.conf"
mcopy -o -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" "$T/install.conf" ::/install.conf
refuse 1 "line 3" "a damaged install.conf on the stick" --target "$disk"
mdel -i "$stick@@$(($(part_start "$stick" nexus-seed) * 512))" ::/install.conf

# damage_at OFFSET TEXT WHAT: changes a byte of the stick and puts it back.
damage_at() {
	flip "$stick_dev" "$1"
	sync "$stick_dev"
	refuse 1 "$2" "$3" --target "$disk" --confirm "${disk#/dev/}"
	flip "$stick_dev" "$1"
	sync "$stick_dev"
	cmp -n $(($(part_start "$good" nexus-seed) * 512)) "$good" "$stick" || fail "the stick was put right"
}

# damage PARTITION OFFSET TEXT WHAT
damage() {
	damage_at $(($(part_start "$stick" "$1") * 512 + $2)) "$3" "$4"
}
damage nexus-live-kernel 1000000 "nexus-live-kernel: what is stored there is damaged" "a damaged kernel"
damage nexus-live-root 12345678 "nexus-live-root: what is stored there is damaged" "a damaged root"
damage nexus-bios 123456 "nexus-bios: what is stored there is damaged" "a damaged BIOS loader, last byte"
damage nexus-bootstate 4096 "check boot state" "a damaged boot state"
grub=$(grep -abo 'set timeout=1' "$stick" | head -n 1 | cut -d: -f1)
damage nexus-esp $((grub - esp_at)) "grub/grub.cfg: it is damaged" "a damaged file of the ESP"
json=$(grep -abo 'nexus.image/1' "$stick" | head -n 1 | cut -d: -f1)
damage nexus-esp $((json - esp_at)) "image.json" "a damaged list of contents"
damage_at 10 "boot code: it is damaged" "damaged boot code"

new_disk nothing
stick_dev=$disk
disk=${loops[1]}
refuse 1 "no Nexus stick" "a source that is no stick" --target "$disk" --yes

"$program" --layout "$layout" --list --json --target "$disk" >"$T/list" 2>"$T/err" || fail "list"
jq -e --arg d "$disk" --argjson n "$needed" '.schema == "nexus.disks/1" and .bytes_needed == $n and
	(.disks | length) == 1 and .disks[0].path == $d and .disks[0].verdict == "other" and
	(.disks[0].content | test("client-files"))' "$T/list" >/dev/null || fail "list as JSON: $(cat "$T/list")"
"$program" --layout "$layout" --list --target "$disk" 2>"$T/err" | grep -q 'client-files' || fail "list as text"
"$program" --help | grep -q -- --dry-run || fail "help"
untouched "the end"
finish
