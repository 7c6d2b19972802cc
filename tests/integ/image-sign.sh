#!/usr/bin/env bash
# What a build made is signed and checked; a changed file, a changed list, a stranger's signature and one for another
# purpose are refused.
# timeout: 60
# parallel: yes
set -euo pipefail
. "$SRC/tests/integ/flip.bash"

command -v ssh-keygen >/dev/null || { echo "no ssh-keygen here"; exit 77; }
out="$T/the build"
sign=$SRC/image/sign

fail() {
	echo "FAIL: $*"
	exit 1
}

# refuses CODE PATTERN OPTION...
refuses() {
	local want=$1 pattern=$2 code=0
	shift 2
	"$sign" "$@" >"$T/stdout" 2>"$T/stderr" </dev/null || code=$?
	[ "$code" -eq "$want" ] || fail "exit $code, not $want: $* ($(cat "$T/stderr"))"
	grep -qE -- "$pattern" "$T/stderr" || fail "no '$pattern' from: $* ($(cat "$T/stderr"))"
	echo "ok: $(grep -m 1 . "$T/stderr")"
}

mkdir "$out"
for name in operator stranger; do
	ssh-keygen -q -t ed25519 -N '' -C $name -f "$T/$name"
done
printf 'operadora@nexus %s\n' "$(cat "$T/operator.pub")" >"$T/signers"
head -c 100000 /dev/urandom >"$out/usb.img"
echo '{}' >"$out/report.json"

refuses 2 'has no SHA256SUMS' --key "$T/operator" "$out"
(cd "$out" && sha256sum usb.img report.json >SHA256SUMS)
refuses 2 'no key to sign with' "$out"
refuses 2 'no such file' --key "$T/nobody" "$out"
refuses 2 'whose signatures count' --check "$out"
refuses 2 'unknown option' --sign "$out"
refuses 1 'is not signed' --check --signers "$T/signers" "$out"
refuses 1 'was not signed' --key "$out/report.json" "$out"
[ ! -e "$out/SHA256SUMS.sig" ] || fail "a signature was left"

"$sign" --key "$T/operator" "$out" | grep -q 'Signed: .*SHA256:' || fail "sign"
"$sign" --check --signers "$T/signers" "$out" | grep -qx 'Signed by operadora@nexus: 2 files' || fail "check"

cp "$out/usb.img" "$T/kept"
flip "$out/usb.img" 5000
refuses 1 'not those of' --check --signers "$T/signers" "$out"
refuses 1 'not those of' --key "$T/operator" "$out"
(cd "$out" && cp SHA256SUMS "$T/sums" && sha256sum usb.img report.json >SHA256SUMS)
refuses 1 'was changed after it was signed' --check --signers "$T/signers" "$out"
cp "$T/kept" "$out/usb.img"
cp "$T/sums" "$out/SHA256SUMS"
"$sign" --check --signers "$T/signers" "$out" >/dev/null || fail "check of what was put back"

echo "$(sha256sum </dev/null | cut -d ' ' -f 1)  ../elsewhere" >>"$out/SHA256SUMS"
refuses 1 'not a list of hashes and names' --key "$T/operator" "$out"
cp "$T/sums" "$out/SHA256SUMS"
"$sign" --key "$T/stranger" "$out" >/dev/null
refuses 1 'somebody who is not in' --check --signers "$T/signers" "$out"
ssh-keygen -q -Y sign -f "$T/operator" -n file <"$out/SHA256SUMS" >"$out/SHA256SUMS.sig" 2>/dev/null
refuses 1 'for another purpose' --check --signers "$T/signers" "$out"
head -c 300 /dev/urandom >"$out/SHA256SUMS.sig"
refuses 1 'somebody who is not in' --check --signers "$T/signers" "$out"
