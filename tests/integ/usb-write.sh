#!/usr/bin/env bash
# nexus usb write, list and check: to a file and to loop devices; what is refused; images that are
# not what they should be; sticks that were damaged since.
# timeout: 120
# parallel: yes
# asan: yes
set -uo pipefail
. "$SRC/tests/integ/usb/lib"
need
command -v script >/dev/null || skip "needs script of util-linux"
usb_make_image

# --- a file, as somebody who is not root and whose PATH has no sbin ---
chmod 711 "$T"
chmod -R a+rX "$T/image"
install -d -o 65534 -g 65534 "$T/home"
status=0
(cd "$T/home" && HOME=$T/home setpriv --reuid=65534 --regid=65534 --clear-groups env PATH=/usr/bin:/bin TMPDIR="$T/home" \
	"$nexus" usb write ../image/usb.img --to stick.img --name tienda-1 --unattended --erase --json) >"$T/out" 2>"$T/err" || status=$?
expect 0 '"schema":"nexus.usb-write/1"' "a file is written without root"
file=$T/home/stick.img
whole "$file" || fail "the file is a whole stick"
[ "$(stat -c %s "$file")" = "$(stat -c %s "$usb_image")" ] || fail "the file is as long as the image"
[ "$(du -k "$file" | cut -f1)" -lt 40000 ] || fail "the file has holes: $(du -k "$file")"
[ "$(stick_file "$file" nexus-seed install.conf | tr '\n' ' ')" = \
	"[Install] Unattended=yes Disk=auto Confirm=ERASE Name=tienda-1 SetFirmware=no PowerOff=yes " ] || fail "install.conf"
[ ! -e "$file.partial" ] || fail "nothing partial is left"
usb write "$usb_image" --to "$file"
expect 1 "it exists" "a file that exists is left alone"
usb write "$usb_image" --to "$T/plain.img" --json
expect 0 '"trust":"unsigned"' "without an order"
cmp "$usb_image" "$T/plain.img" || fail "without an order a file is the image itself"
(
	flock 9
	usb write "$usb_image" --to "$T/two.img"
	expect 1 "somebody else" "two at one file"
	[ "$failures" = 0 ]
) 9>"$T/two.img.partial" || failures=$((failures + 1))

# --- orders that make no sense ---
usb write "$usb_image" --to "$T/x" --name 'Caja Uno'
expect 2 "Name: only" "a name that no box can have"
usb write "$usb_image" --to "$T/x" --disk sda
expect 2 "neither auto nor a path" "a disk that is no path"
usb write "$usb_image" --to "$T/x" --name "$(printf 'a\nConfirm=ERASE')"
expect 2 "several lines" "a name with a line of its own"
printf '[Install]\nUnattended=maybe\n' >"$T/nonsense.conf"
usb write "$usb_image" --to "$T/x" --seed "$T/nonsense.conf"
expect 2 "nonsense.conf" "an order with nonsense"
usb write "$usb_image" --to "$T/x" --seed "$T/nonsense.conf" --name a
expect 2 "does not go with" "an order and options of one"
nothing_of "$T/x" "a refused order writes nothing"

# --- images ---
for name in operator stranger; do
	ssh-keygen -q -t ed25519 -N '' -C $name -f "$T/$name"
done
printf 'operadora@nexus %s\n' "$(cat "$T/operator.pub")" >"$T/signers"
usb write "$usb_image" --to "$T/x" --signers "$T/signers"
expect 1 "it is not signed" "no signature where one is wanted"
"$SRC/image/sign" --key "$T/operator" "$T/image" >/dev/null 2>&1 || fail "sign"
usb write "$usb_image" --to "$T/signed.img" --signers "$T/signers" --json
expect 0 '"trust":"signed","signer":"operadora@nexus"' "a signed image"
usb write "$usb_image" --to "$T/unknown.img" --json
expect 0 '"trust":"unknown"' "a signed image, nobody to hold it against"
"$SRC/image/sign" --key "$T/stranger" "$T/image" >/dev/null 2>&1 || fail "sign"
usb write "$usb_image" --to "$T/x" --signers "$T/signers"
expect 1 "somebody who is not in" "a stranger's signature"
echo "$(printf %064d 0)  report.json" >>"$T/image/SHA256SUMS"
usb write "$usb_image" --to "$T/x"
expect 1 "no signature of the list" "a list that was changed after it was signed"
rm "$T/image/SHA256SUMS.sig"
at=$(($(part_start "$usb_image" nexus-live-root) * 512 + 5000000))
printf X | dd of="$usb_image" bs=1 seek=$at conv=notrunc status=none
usb write "$usb_image" --to "$T/x"
expect 1 "not what SHA256SUMS says" "an image that was changed"
rm "$T/image/SHA256SUMS"
usb write "$usb_image" --to "$T/x"
expect 1 "check nexus-live-root" "an image that was changed, without a list"
nothing_of "$T/x" "a refused image leaves nothing"
echo 'not a list' >"$T/image/SHA256SUMS"
usb write "$usb_image" --to "$T/x"
expect 1 "line 1: it is no hash and name" "a list that is none"
echo "$(printf %064d 0)  other.img" >"$T/image/SHA256SUMS"
usb write "$usb_image" --to "$T/x"
expect 1 "usb.img is not in it" "a list of something else"
usb write "$T/signers" --to "$T/x"
expect 1 "no Nexus stick" "a file that is no image"
usb_make_image

# --- disks: longer than the image, and of an odd number of sectors ---
new_disk disk $((300 * 1048576 + 3 * 512))
word=${disk#/dev/}
usb write "$usb_image" --to "$disk"
expect 1 "confirm it with --confirm" "a disk that is no USB disk, blank"
usb write "$usb_image" --to "$disk" --confirm nope
expect 1 "does not match" "a wrong word"
dead "$disk" || fail "a wrong word writes nothing"
usb write "$usb_image" --to "$disk" --confirm "$word" --name caja-2
expect 0 "Ready and read back: $disk" "a disk is written"
sync "$disk"
whole "$disk" || fail "the disk is a whole stick"
[ "$(sfdisk --json "$disk" | jq .partitiontable.lastlba)" = $((300 * 2048 + 3 - 34)) ] || fail "the table is as long as the disk"
[ "$(dd if="$disk" bs=512 skip=$((300 * 2048 + 2)) count=1 status=none | head -c 8)" = "EFI PART" ] || fail "the second table is at the end"
stick_file "$disk" nexus-seed install.conf | grep -q '^Name=caja-2$' || fail "install.conf on the disk"
usb write "$usb_image" --to "$disk" --no-input
expect 1 "confirm it with --confirm" "a stick that is not blank any more"
said "NEXUS-SEED" || fail "it is shown what is on it"
printf '%s\n' "$word" | script -qec "$(printf '%q ' "$nexus" usb write "$usb_image" --to "$disk")" /dev/null >"$T/out" 2>"$T/err"
status=$?
expect 0 "Ready and read back" "the word typed at a terminal"
said "type $word" || fail "the word is shown"
printf 'y\n' | script -qec "$(printf '%q ' "$nexus" usb write "$usb_image" --to "$disk")" /dev/null >"$T/out" 2>"$T/err"
status=$?
expect 1 "does not match" "another word typed"
usb list --json
expect 0 '"schema":"nexus.usb-disks/1"' "the list"

# --- disks that are refused ---
refused() { # DEVICE TEXT WHAT
	usb write "$usb_image" --to "$1" --confirm "${1#/dev/}"
	expect 1 "$2" "$3"
}
remember "$disk"
inner=$(losetup --find --show --offset 1048576 "$disk")
loops=("$inner" "${loops[@]}")
refused "$disk" "upon it stands ${inner#/dev/}" "a disk that something stands upon"
detach "$inner"
cat >"$T/hold.py" <<'END'
import os, sys, time
for _ in range(100):
    try:
        os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)
        print("held", flush=True)
        time.sleep(60)
    except OSError:
        time.sleep(0.1)
END
python3 "$T/hold.py" "$disk" >"$T/held" &
holder=$!
for _ in $(seq 150); do
	grep -q held "$T/held" && break
	sleep 0.1
done
refused "$disk" "something on it is in use" "a disk that somebody holds"
kill $holder
wait $holder 2>/dev/null
changed "$disk" && fail "a disk in use was changed"
mkfs.ext4 -qF "$disk" 250M
mkdir -p "$T/mnt point"
mount "$disk" "$T/mnt point"
refused "$disk" "it is mounted on $T/mnt point" "a mounted disk"
umount "$T/mnt point"
mkswap "$disk" >/dev/null
if swapon "$disk" 2>/dev/null; then
	refused "$disk" "swaps to $disk" "swap space"
	swapoff "$disk"
fi
new_disk small 64M
refused "$disk" "the image needs" "a disk that is too small"
truncate -s 300M "$T/ro"
loop=$(losetup --find --show --read-only "$T/ro")
loops+=("$loop")
refused "$loop" "write-protected" "a disk that can't be written"
truncate -s 300M "$T/4k"
loop=$(losetup --find --show --sector-size 4096 "$T/4k")
loops+=("$loop")
refused "$loop" "sectors of 4096" "a disk with other sectors"
refused /dev/null "not a disk" "what is no disk"
refused /dev/nothing "No such" "what is not there"

# --- a file system that is full ---
mkdir "$T/full"
mount -t tmpfs -o size=16M tmpfs "$T/full"
usb write "$usb_image" --to "$T/full/stick.img"
expect 1 "No space left" "a full file system"
[ -z "$(ls -A "$T/full")" ] || fail "a full file system keeps nothing"
umount "$T/full"

# --- check ---
usb write "$usb_image" --to "$T/good.img"
damage() { # PIECE OFFSET
	cp --sparse=always "$T/good.img" "$T/bad.img"
	printf '\125\252\125' | dd of="$T/bad.img" bs=1 seek="$2" conv=notrunc status=none
	usb check "$T/bad.img" --json
	expect 1 '"schema":"nexus.usb-check/1"' "damaged: $1"
	[ "$(jq -r '[.pieces[] | select(.good | not) | .name] | join(" ")' "$T/out")" = "$1" ] || { cat "$T/out"; fail "only $1 is damaged"; }
}
start() { echo $(($(part_start "$usb_image" "$1") * 512)); }
damage "boot code" 100
damage nexus-bios $(($(start nexus-bios) + 1000))
damage nexus-bootstate $(($(start nexus-bootstate) + 4096))
damage nexus-live-kernel $(($(start nexus-live-kernel) + 2000000))
damage nexus-live-root $(($(start nexus-live-root) + 8000000))
cp --sparse=always "$T/good.img" "$T/bad.img"
printf 'set timeout=9\n' | mcopy -o -i "$T/bad.img@@$(start nexus-esp)" - ::/grub/grub.cfg
printf '[Install]\nUnattended=maybe\n' | mcopy -o -i "$T/bad.img@@$(start nexus-seed)" - ::/install.conf
usb check "$T/bad.img"
expect 1 "grub/grub.cfg: it is damaged" "a file that was changed"
said "DAMAGED" || fail "it is said to be damaged"
said "install.conf" || fail "an order with nonsense is told"
cp --sparse=always "$T/good.img" "$T/windows.img"
for part in nexus-esp nexus-seed; do
	mmd -i "$T/windows.img@@$(start $part)" '::/System Volume Information'
	printf x | mcopy -i "$T/windows.img@@$(start $part)" - '::/System Volume Information/IndexerVolumeGuid'
done
usb check "$T/windows.img"
expect 0 "is good" "what Windows writes is no damage"
truncate -s 100M "$T/good.img"
usb check "$T/good.img"
expect 1 "" "a stick that ends too early"
usb check "$T/signers"
expect 1 "no Nexus stick" "a file that is no stick"
usb check
expect 2 "" "nothing to check"
finish
