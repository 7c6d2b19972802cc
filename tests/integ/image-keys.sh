#!/usr/bin/env bash
# The keys for updates: what they are good for, who may read them, and that none is ever replaced or made by halves.
# timeout: 60
# parallel: yes
set -euo pipefail

command -v openssl >/dev/null || { echo "no openssl here"; exit 77; }
keys=$SRC/image/keys
root="$T/the root"

fail() {
	echo "FAIL: $*"
	exit 1
}

# refuses CODE PATTERN ARGUMENT...
refuses() {
	local want=$1 pattern=$2 code=0
	shift 2
	"$keys" "$@" >"$T/stdout" 2>"$T/stderr" </dev/null || code=$?
	[ "$code" -eq "$want" ] || fail "exit $code, not $want: $* ($(cat "$T/stderr"))"
	grep -qE -- "$pattern" "$T/stderr" || fail "no '$pattern' from: $* ($(cat "$T/stderr"))"
	[ -z "$(find "$T" -name '.nexus-keys*')" ] || fail "half of a key was left"
	echo "ok: $(grep -m 1 'image/keys' "$T/stderr")"
}

echo 'correct horse' >"$T/root-phrase"
echo 'battery staple' >"$T/phrase"
: >"$T/empty"
refuses 2 'what to make' "$root"
refuses 2 'where to' root
refuses 2 'unknown option' root "$root" --size 4096
refuses 2 'wants a value' root "$root" --days
refuses 2 'not a number of days: 0' root "$root" --days 0
refuses 2 'not a name' root "$root" --name 'a/CN=b'
refuses 2 'no passphrase in' root "$root" --passphrase-file "$T/empty"
refuses 2 'contradict' root "$root" --passphrase-file "$T/phrase" --no-passphrase
refuses 2 'who answers' signing "$T/signing"
refuses 2 'no such file' signing "$T/signing" --root "$root"
refuses 2 'has no other root' root "$root" --root "$T"
[ ! -e "$root" ] || fail "a folder was made for nothing"

"$keys" root "$root" --name 'Caja Chica' --passphrase-file "$T/root-phrase"
refuses 1 'never replaced' root "$root" --no-passphrase
refuses 1 'no key was made' signing "$T/signing" --root "$root" --no-passphrase --root-passphrase-file "$T/phrase"
[ ! -e "$T/signing/signing.key.pem" ] || fail "a key without a certificate was left"
"$keys" signing "$T/signing" --root "$root" --days 30 --passphrase-file "$T/phrase" --root-passphrase-file "$T/root-phrase"
grep -q ENCRYPTED "$root/ca.key.pem" || fail "the root's key is not encrypted"
openssl pkey -in "$T/signing/signing.key.pem" -passin "file:$T/phrase" -noout || fail "not the key's passphrase"
[ "$(stat -c %a "$root/ca.key.pem" "$T/signing/signing.key.pem" | sort -u)" = 400 ] || fail "others may read the keys"

text=$(openssl x509 -in "$T/signing/signing.cert.pem" -noout -text)
for word in 'Code Signing' 'Digital Signature' 'CA:FALSE' 'CN *= *Caja Chica' 'ecdsa-with-SHA384'; do
	grep -qE -- "$word" <<<"$text" || fail "the signing certificate lacks: $word"
done
openssl verify -CAfile "$root/ca.cert.pem" "$T/signing/signing.cert.pem" >/dev/null || fail "the chain does not hold"
openssl x509 -in "$root/ca.cert.pem" -noout -checkend $((9000 * 86400)) >/dev/null || fail "the root ends too soon"
! openssl x509 -in "$T/signing/signing.cert.pem" -noout -checkend $((31 * 86400)) >/dev/null || fail "--days"

# The signing certificate can't answer for others.
cp "$T/signing/signing.cert.pem" "$T/signing/ca.cert.pem"
cp "$T/signing/signing.key.pem" "$T/signing/ca.key.pem"
refuses 1 'no key was made' signing "$T/third" --root "$T/signing" --no-passphrase --root-passphrase-file "$T/phrase"
