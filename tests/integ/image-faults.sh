#!/usr/bin/env bash
# image/build when something is wrong: options, packages, network, disk, a signal. Each ends with one clear
# sentence and leaves what was there before as it was.
# timeout: 1500
# parallel: yes
set -euo pipefail
shopt -s nullglob

[ "$(id -u)" -eq 0 ] || { echo "needs root: it makes chroots"; exit 77; }
command -v mmdebstrap >/dev/null || { echo "no mmdebstrap here"; exit 77; }
# Mounts are counted: those of tests beside this one are not its affair.
if [ "${1:-}" != inside ]; then
	exec unshare --mount bash "$0" inside
fi

shared=${NEXUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nexus}
out=$T/out
mkdir -p "$out"
cleanup() {
	umount "$T/small" 2>/dev/null || true
}
trap cleanup EXIT

fail() {
	echo "FAIL: $*"
	exit 1
}

# refuses CODE PATTERN COMMAND...: exits so, says so on stderr, and writes nothing.
refuses() {
	local want=$1 pattern=$2 code=0
	shift 2
	"$@" >"$T/stdout" 2>"$T/stderr" || code=$?
	[ "$code" -eq "$want" ] || fail "exit $code, not $want: $* ($(tail -n 3 "$T/stderr"))"
	grep -qE -- "$pattern" "$T/stderr" || fail "no '$pattern' from: $* ($(cat "$T/stderr"))"
	[ -z "$(find "$out" -mindepth 1 -print -quit)" ] || fail "left behind: $(ls -A "$out")"
	echo "ok: $(grep -m 1 . "$T/stderr")"
}

build() {
	"$SRC/image/build" --out "$out" "$@"
}

no_work_left() {
	local left=("$1"/work.*)
	[ ${#left[@]} -eq 0 ] || fail "work folders left behind: ${left[*]}"
}

echo "== options"
export NEXUS_CACHE=$T/cache
refuses 2 'unknown option: --colour' build --colour
refuses 2 'unknown option: stray' build stray
refuses 2 '--distro wants a value' build --distro
refuses 2 'unknown distribution: plan9' build --distro plan9
refuses 2 'unknown flavour: vanilla' build --flavour vanilla
refuses 2 'not a version: ../x' build --version ../x --no-nexus
refuses 2 'no such file: /nonexistent' build --no-nexus --keyring /nonexistent
refuses 2 'not an archive: ftp' build --no-nexus --sources ftp://example.org/debian
refuses 2 'no archive in' build --no-nexus --sources "file:$T"

echo "== packages"
refuses 2 "Nexus's own packages are missing" build --distro debian-trixie
refuses 2 'no such folder' build --distro debian-trixie --packages "$T/nothing"
mkdir "$T/packages"
refuses 2 'no .deb of nexus-agent nexus-backup nexus-install' build --distro debian-trixie --packages "$T/packages"
: >"$T/packages/nexus-agent_1_amd64.deb"
refuses 2 'no .deb of nexus-backup nexus-install' build --distro debian-trixie --packages "$T/packages"
refuses 2 'contradict' build --distro debian-trixie --packages "$T/packages" --no-nexus

echo "== no network: a namespace with nothing in it, and an empty cache"
refuses 1 "can't build Ubuntu 24.04 LTS \(noble\)" unshare --net "$SRC/image/build" --out "$out" --no-nexus
grep -q 'Would build: Ubuntu 24.04' "$T/stderr" || fail "does not say what it would build"
grep -q -- '--distro debian-trixie' "$T/stderr" || fail "does not say what to pass"
refuses 1 "can't build Debian 13" unshare --net "$SRC/image/build" --out "$out" --no-nexus --distro debian-trixie \
	--sources http://127.0.0.1:9/debian
no_work_left "$T/cache"

echo "== a full disk under the cache"
mkdir "$T/small"
mount -t tmpfs -o size=48m small "$T/small"
code=0
NEXUS_CACHE=$T/small build --distro debian-trixie --flavour test --no-nexus >"$T/stdout" 2>"$T/stderr" || code=$?
if grep -q "can't be reached" "$T/stderr"; then
	echo "the archive of Debian can't be reached: no full-disk and no warm tests"
	exit 77
fi
[ "$code" -eq 1 ] || fail "exit $code with a full cache"
grep -q 'The disk is full' "$T/stderr" || fail "does not say that the disk is full: $(tail -n 5 "$T/stderr")"
no_work_left "$T/small"
echo "ok: $(grep -m 1 'full' "$T/stderr")"
umount "$T/small"

echo "== a full disk under --out: the image of before stays"
export NEXUS_CACHE=$shared
build --distro debian-trixie --flavour test --no-nexus --version 1
before=$(sha256sum <"$out/usb.img")
mount -t tmpfs -o size=64m small "$T/small"
printf 'the image of before\n' >"$T/small/usb.img"
code=0
"$SRC/image/build" --out "$T/small" --distro debian-trixie --flavour test --no-nexus >"$T/stdout" 2>"$T/stderr" || code=$?
[ "$code" -eq 1 ] || fail "exit $code with a full disk"
grep -q 'The disk is full' "$T/stderr" || fail "does not say that the disk is full: $(tail -n 5 "$T/stderr")"
[ "$(ls -A "$T/small")" = usb.img ] || fail "left behind: $(ls -A "$T/small")"
[ "$(cat "$T/small/usb.img")" = 'the image of before' ] || fail "the image of before is gone"
umount "$T/small"

echo "== a signal in the middle: nothing is left, nothing is changed"
"$SRC/image/build" --out "$out" --distro debian-trixie --flavour test --no-nexus --version 2 >"$T/stdout" \
	2>"$T/stderr" </dev/null &
pid=$!
for _ in $(seq 200); do
	grep -q 'Root: overlays' "$T/stdout" && break
	sleep 0.1
done
mounts=$(wc -l </proc/self/mounts)
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
[ "$code" -eq 143 ] || fail "exit $code after SIGTERM"
[ "$(wc -l </proc/self/mounts)" -eq "$mounts" ] || fail "mounts left behind"
[ "$(sha256sum <"$out/usb.img")" = "$before" ] || fail "the image of before was changed"
[ "$(find "$out" -mindepth 1 -printf '%P\n' | sort | xargs)" = 'SHA256SUMS report.json sbom.json times.json usb.img' ] || fail "left behind: $(ls -A "$out")"

echo "== no network, warm cache: builds from what an earlier build fetched, and says so"
unshare --net "$SRC/image/build" --out "$out" --distro debian-trixie --flavour test --no-nexus --version 1 >"$T/stdout"
grep -q "can't be reached: using its packages" "$T/stdout" || fail "does not say that it used old packages"
[ "$(sha256sum <"$out/usb.img")" = "$before" ] || fail "the same input gave another image"
echo "ok: the same image, bit for bit"
