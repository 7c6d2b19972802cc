#!/usr/bin/env bash
# Two builds of one lock, under other circumstances, are the same bit for bit; what is not in the lock or has other bytes is
# refused before anything is unpacked; and no secret is in the image.
# timeout: 1500
# parallel: yes
set -euo pipefail
. "$SRC/tests/integ/flip.bash"
shopt -s nullglob

[ "$(id -u)" -eq 0 ] || { echo "needs root: it makes chroots"; exit 77; }
for tool in mmdebstrap apt-ftparchive sfdisk jq fsck.erofs unsquashfs openssl; do
	command -v $tool >/dev/null || { echo "no $tool here"; exit 77; }
done

shared=${NEXUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nexus}
lock=$T/test.lock
common=(--distro debian-trixie --flavour test --no-nexus)

fail() {
	echo "FAIL: $*"
	exit 1
}

# refuses CODE PATTERN OPTION...: image/build exits so, says so, and writes nothing.
refuses() {
	local want=$1 pattern=$2 code=0
	shift 2
	"$SRC/image/build" "${common[@]}" --out "$T/none" "$@" >"$T/stdout" 2>"$T/stderr" || code=$?
	[ "$code" -eq "$want" ] || fail "exit $code, not $want: $* ($(tail -n 5 "$T/stderr"))"
	grep -qE -- "$pattern" "$T/stderr" || fail "no '$pattern' from: $* ($(cat "$T/stderr"))"
	[ ! -e "$T/none/usb.img" ] || fail "an image was written"
	echo "ok: $(grep -m 1 . "$T/stderr")"
}

echo "== the lock"
"$SRC/image/lock" "${common[@]}" --lock "$lock"
[ "$(head -n 1 "$lock" | cut -f 1-3 | tr '\t' ' ')" = 'nexus.lock/1 debian-trixie test' ] || fail "head: $(head -n 1 "$lock")"
for package in 'base systemd amd64' 'tools mmdebstrap all' 'boot grub-pc-bin amd64'; do
	read -r use name architecture <<<"$package"
	[ "$(awk -F '\t' -v u="$use" -v n="$name" -v a="$architecture" '$1 == u && $2 == n && $4 == a && length($5) == 64' \
		"$lock" | wc -l)" -eq 1 ] || fail "not in the lock: $package"
done

echo "== locks that are none"
refuses 2 'no such file' --lock "$T/absent.lock"
refuses 2 'not with --sources' --lock "$lock" --sources http://127.0.0.1:9/debian
head -c 4096 /dev/urandom >"$T/bad.lock"
refuses 1 'is no lock' --lock "$T/bad.lock"
sed '1s|^nexus.lock/1|nexus.lock/2|' "$lock" >"$T/bad.lock"
refuses 1 'of another version' --lock "$T/bad.lock"
sed '1s|debian-trixie|ubuntu-noble|' "$lock" >"$T/bad.lock"
refuses 1 'locks ubuntu-noble, not debian-trixie' --lock "$T/bad.lock"
sed '1s|\ttest\t|\tproduct\t|' "$lock" >"$T/bad.lock"
refuses 1 'locks the flavour product' --lock "$T/bad.lock"
sed '7s|\(.*\).$|\1|' "$lock" >"$T/bad.lock"
refuses 1 'line 7: not a package' --lock "$T/bad.lock"
sed 's|^base\tsystemd\t|base\t../../systemd\t|' "$lock" >"$T/bad.lock"
refuses 1 'not a package: base' --lock "$T/bad.lock"
head -n 1 "$lock" >"$T/bad.lock"
refuses 1 'locks no package' --lock "$T/bad.lock"

echo "== a pool with other bytes, and one that lacks a package"
mkdir "$T/pool"
cp -l "$shared"/pool/*.deb "$T/pool/" 2>/dev/null || cp "$shared"/pool/*.deb "$T/pool/"
less=("$T"/pool/less_*.deb)
cp "${less[0]}" "$T/less.deb"
flip "$T/less.deb" 5000
rm "${less[@]}"
cp "$T/less.deb" "${less[0]}"
refuses 1 'has other bytes than the lock says: less_' --lock "$lock" --pool "$T/pool"
rm "${less[0]}"
refuses 1 '1 packages of the lock are not in the pool .*: less_' --lock "$lock" --pool "$T/pool"

echo "== two builds"
"$SRC/image/keys" root "$T/keys" --no-passphrase
"$SRC/image/keys" signing "$T/keys" --root "$T/keys" --no-passphrase
refuses 2 'has a private key in it' --lock "$lock" --ca "$T/keys/ca.key.pem"
refuses 2 'is no certificate' --lock "$lock" --ca "$lock"
unshare --net "$SRC/image/verify" "${common[@]}" --lock "$lock" --ca "$T/keys/ca.cert.pem" --out "$T/out" | tee "$T/verify"
grep -q 'The same, bit for bit' "$T/verify" || fail "verify does not say so"
(cd "$T/out" && sha256sum --check SHA256SUMS)
jq -e '.bomFormat == "CycloneDX" and (.components | length) > 150 and all(.components[]; .hashes[0].content | length == 64) and
	(.components | map(.name) | contains(["systemd", "shim-signed", "rauc"]))' "$T/out/sbom.json" >/dev/null || fail "sbom.json"
jq -e '(.packages | map(select(.name == "systemd"))[0].installed_kib) > 1000' "$T/out/report.json" >/dev/null || fail "report.json"
jq -e '.seconds.erofs >= 0' "$T/out/times.json" >/dev/null || fail "times.json"

echo "== a bundle of it"
bundle() {
	"$SRC/image/bundle" --key "$T/keys/signing.key.pem" --cert "$T/keys/signing.cert.pem" --ca "$T/keys/ca.cert.pem" "$@"
}
bundle --out "$T/update.raucb" "$T/out"
mkdir "$T/bundle"
unsquashfs -q -n -f -d "$T/bundle" "$T/update.raucb" >/dev/null
for slot in kernel root; do
	[ "$(sha256sum <"$T/bundle/$slot.img" | cut -d' ' -f1)" = "$(jq -r ".$slot.sha256" "$T/out/report.json")" ] ||
		fail "the bundle has another $slot slot than the stick"
done
grep -qx compatible=nexus-amd64-debian "$T/bundle/manifest.raucm" || fail "manifest.raucm"
# Signed by one whose certificate another root answers for; and of a stick that is not what its list says.
"$SRC/image/keys" root "$T/stranger" --no-passphrase
"$SRC/image/keys" signing "$T/stranger" --root "$T/stranger" --no-passphrase
! bundle --cert "$T/stranger/signing.cert.pem" --key "$T/stranger/signing.key.pem" --out "$T/bad.raucb" "$T/out" 2>"$T/stderr" ||
	fail "a stranger's key made a bundle"
grep -q 'belong together' "$T/stderr" || fail "no reason: $(cat "$T/stderr")"
mkdir "$T/damaged"
cp --sparse=always "$T/out/usb.img" "$T/out/report.json" "$T/damaged/"
flip "$T/damaged/usb.img" 100000000
! bundle --out "$T/bad.raucb" "$T/damaged" 2>"$T/stderr" || fail "a damaged stick was bundled"
grep -q 'usb.img is damaged' "$T/stderr" || fail "no reason: $(cat "$T/stderr")"
[ ! -e "$T/bad.raucb" ] || fail "a bad bundle was left"

echo "== no secret"
read -r start size < <(sfdisk --json "$T/out/usb.img" |
	jq -r '.partitiontable.partitions[] | select(.name == "nexus-live-root") | "\(.start) \(.size)"')
dd if="$T/out/usb.img" of="$T/root.img" bs=1M iflag=skip_bytes,count_bytes skip=$((start * 512)) count=$((size * 512)) status=none
fsck.erofs --extract="$T/root" "$T/root.img" >"$T/fsck.log" 2>&1 || fail "the root can't be unpacked: $(tail -n 3 "$T/fsck.log")"
[ -e "$T/root/usr/bin/systemctl" ] || fail "the root was not unpacked"
keys=$(grep -rlE -e '-----BEGIN ([A-Z]+ )*PRIVATE KEY-----' "$T/root/etc" "$T/root/var" "$T/root/root" "$T/root/usr/lib/nexus" "$T/root/usr/share" || true)
[ -z "$keys" ] || fail "private keys in the image: $keys"
[ -z "$(find "$T/root" -name 'ssh_host_*' -print -quit)" ] || fail "an SSH host key is in the image"
[ ! -s "$T/root/etc/machine-id" ] || fail "a machine id is in the image"
[ ! -e "$T/root/var/lib/systemd/random-seed" ] || fail "a random seed is in the image"
hashes=$(awk -F : '$2 ~ /^\$|^.{13}$/ { print $1 }' "$T/root/etc/shadow")
[ -z "$hashes" ] || fail "a password is in the image: $hashes"
# What this machine is called, and where its packages come from.
for word in "$(hostname)" "$(apt-get indextargets --format '$(SITE)' | sort -u | head -n 1)"; do
	[ ${#word} -ge 6 ] || continue
	found=$(grep -rlF -e "$word" "$T/root/etc" "$T/root/var" "$T/root/usr/lib/nexus" || true)
	[ -z "$found" ] || fail "'$word' stands in $found"
done
echo "ok: none"
