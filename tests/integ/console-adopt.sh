#!/usr/bin/env bash
# Adopting: right and wrong codes, a lost answer, somebody else's box, names, the operator's key.
# asan: yes
# parallel: yes
# shellcheck source=tests/integ/console/boxes.bash
. "$SRC/tests/integ/console/boxes.bash"

make_box caja 0123ABCZ
start_box caja
at=$(address caja)
code=$(cat "$T/caja/code")

say "nothing there yet"
run 0 "$nexus" fleet list
err_has "There is no box yet"

say "mistakes on the command line"
run 2 "$nexus" fleet adopt
run 2 "$nexus" fleet adopt "$at" --code 0123
err_has "it has 16 characters, not 4"
run 2 "$nexus" fleet adopt "$at" --no-input
err_has "--code-file"
run 2 "$nexus" fleet adopt "$at:x:y z" --code "$code"
run 2 "$nexus" fleet adopt "$at" --code "$code" --name "a b"
run 2 "$nexus" fleet adopt "$at" --cod "$code" --nam
run 2 "$nexus" fleet adpt

say "wrong first half: another box's code"
wrong=$(echo "$code" | tr '0-9A-CEG' '1-90B-DFH')
run 5 "$nexus" fleet adopt "$at" --code "${wrong:0:10}${code:10}"
err_has "not the box whose screen you read"
! grep -q 'Accepted\|Failed' "$T/caja/sshd.log" || fail "it tried to log in"

say "wrong second half"
run 5 "$nexus" fleet adopt "$at" --code "${code:0:10}ZZZZ-ZZZZ"
err_has "refuses the code"
run 0 "$nexus" fleet list
err_has "There is no box yet"

say "right code, typed carelessly, from a file; the answer is lost"
touch "$T/caja/lose-answer"
echo "  $(echo "$code" | tr 'A-Z-' 'a-z ')" >"$T/code"
run 0 "$nexus" fleet adopt "$at" --code-file "$T/code" --name Tienda-1
out_has "Tienda-1 was yours already"
[ ! -e "$T/caja/lose-answer" ] || fail "the answer was not lost"
run 0 "$nexus" fleet list
out_has "$at"

say "the operator's key"
[ "$(stat -c %a "$NEXUS_HOME")" = 700 ] || fail "mode of the folder"
[ "$(stat -c %a "$NEXUS_HOME/operator.key")" = 600 ] || fail "mode of the key"
[ "$(ssh-keygen -y -f "$NEXUS_HOME/operator.key" | cut -d' ' -f1,2)" = \
	"$(cut -d' ' -f1,2 "$NEXUS_HOME/operator.key.pub")" ] || fail "key and its public half"

say "adopted twice is no harm"
run 0 "$nexus" fleet adopt "$at" --code "$code" --json
out_has '"result":"known"'

say "somebody else's"
run 5 "$nexus" fleet adopt "$at" --code "$code" --home "$T/other"
err_has "refuses the code"

say "a box that tells so itself"
stop_box caja
echo "nexus-adoption: adopted" >"$T/banner"
SSHD_EXTRA="Banner $T/banner" start_box caja
run 5 "$nexus" fleet adopt "$at" --code "$code" --home "$T/other"
err_has "Another console has adopted this box already"

say "a name that is taken"
make_box dos 1234ABCD
start_box dos
run 1 "$nexus" fleet adopt "$(address dos)" --code "$(cat "$T/dos/code")" --name tienda-1
err_has "Another box in this console has this name"
[ -e "$T/dos/keys/nexus-adopt" ] || fail "it was adopted all the same"

say "adopted for the first time, with the code on stdin"
timeout 60 "$nexus" fleet adopt "$(address dos)" --home "$T/other" <"$T/dos/code" \
	>"$T/out" 2>"$T/err" || fail "adopt from stdin"
out_has "caja is yours now"
out_has "debian 0.1.0"

say "typed at a terminal: a mistake, then right"
make_box tres 2345ABCD
start_box tres
if command -v script >/dev/null; then
	printf '0123-oops\n%s\n' "$(cat "$T/tres/code")" >"$T/typed"
	timeout 60 script -qec "'$nexus' fleet adopt $(address tres) --name tres" /dev/null \
		<"$T/typed" >"$T/out" 2>"$T/err" || fail "adopt at a terminal"
	[ "$(grep -c "Code on the box's screen" "$T/out")" = 2 ] || fail "asked other than twice"
	out_has "it has 16 characters, not"
	out_has "tres is yours now"
	run 0 "$nexus" fleet forget tres --confirm tres
fi

say "damaged inventory, damaged key, no room for either"
cp -r "$NEXUS_HOME" "$T/damaged"
rm -f "$T"/damaged/fleet.db-*
head -c 5000 /dev/urandom >"$T/damaged/fleet.db"
run 1 "$nexus" fleet list --home "$T/damaged"
err_has "file is not a database"
err_has "The data is damaged"
rm "$T/damaged/fleet.db"
echo nonsense >"$T/damaged/operator.key"
run 1 "$nexus" fleet list --home "$T/damaged"
err_has "not an OpenSSH key"
mkdir "$T/full"
mount -t tmpfs -o size=16k,mode=700 nexus-test "$T/full"
head -c 16384 /dev/zero >"$T/full/filler" 2>/dev/null || true
run 1 "$nexus" fleet list --home "$T/full"
err_has "No space left on device"
[ ! -e "$T/full/operator.key" ] || fail "half a key"
umount "$T/full"

say "a key that others may read is refused"
chmod 644 "$NEXUS_HOME/operator.key"
run 1 "$nexus" fleet status
err_has "chmod 600"
chmod 600 "$NEXUS_HOME/operator.key"

say "forgetting needs the name twice"
run 1 "$nexus" fleet forget tienda-1
run 1 "$nexus" fleet forget tienda-1 --confirm tienda-2
run 0 "$nexus" fleet forget tienda-1 --confirm Tienda-1
run 1 "$nexus" fleet forget tienda-1 --confirm Tienda-1
err_has "none has this name"
harmless
