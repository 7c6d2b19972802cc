#!/usr/bin/env bash
# Status of boxes that are well and of every kind of faulty one, each within its time.
# asan: yes
# parallel: yes
# shellcheck source=tests/integ/console/boxes.bash
. "$SRC/tests/integ/console/boxes.bash"

adopt() {
	make_box "$1" "$2"
	start_box "$1"
	run 0 "$nexus" fleet adopt "$(address "$1")" --code "$(cat "$T/$1/code")" --name "$1"
}

seconds() {
	local started=$EPOCHREALTIME
	"$@"
	awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d\n", b - a }' >"$T/seconds"
}

within() {
	[ "$(cat "$T/seconds")" -le "$1" ] || fail "took $(cat "$T/seconds") s, not $1"
}

say "nothing to ask"
run 0 "$nexus" fleet status
err_has "There is no box yet"

adopt uno 0123ABCD
adopt dos 0123ABCE

say "before anybody asked"
run 0 "$nexus" fleet status --cached
out_has "not asked yet"

say "all are well"
run 0 "$nexus" fleet status
out_has "BOX"
grep -qE '^uno +ok +A +66 min|^uno +ok +A +1 h +40 GiB +2 h +0 s' "$T/out" || fail "the row of uno"
touch "$T/dos/warn"
run 0 "$nexus" fleet status dos
grep -qE '^dos +warning .*La hora no es segura' "$T/out" || fail "the row of dos"
! grep -q uno "$T/out" || fail "uno was not asked for"
run 0 "$nexus" fleet status --json
out_has '"schema":"nexus.fleet-status/1"'
jq -e '.boxes | length == 2 and all(.fault == "none" and .status.schema == "nexus.status/1")' \
	"$T/out" >/dev/null || fail "the JSON"

say "an unknown box"
run 1 "$nexus" fleet status nadie
err_has "none has this name"

say "one is off: its last word stays, and the others answer"
stop_box dos
run 3 "$nexus" fleet status
grep -qE '^dos +refused +A .*2 h' "$T/out" || fail "the row of dos"
err_has "A machine answers at this address, but refuses the connection"
run 4 "$nexus" fleet status dos
run 0 "$nexus" fleet status --cached
grep -qE '^dos +refused' "$T/out" || fail "the cache forgot"

say "its host key is another one"
mv "$T/dos/host" "$T/dos/host.was"
ssh-keygen -q -t ed25519 -N '' -f "$T/dos/host" <<<y >/dev/null
start_box dos
run 5 "$nexus" fleet status dos
out_has "KEY CHANGED"
err_has "Nothing was sent to it"
! grep -q 'Accepted\|publickey' "$T/dos/sshd.log" || fail "it tried to log in"
run 5 "$nexus" fleet shell dos -- true
err_has "its key is another"
run 5 "$nexus" fleet backup dos
stop_box dos
mv "$T/dos/host.was" "$T/dos/host"
start_box dos

say "it does not know us any more"
mv "$T/dos/keys/nexus-operator" "$T/keys.was"
run 5 "$nexus" fleet status dos
err_has "does not accept this console's key"
mv "$T/keys.was" "$T/dos/keys/nexus-operator"

say "it answers as another box"
cp "$T/dos/id" "$T/id.was"
cp "$T/uno/id" "$T/dos/id"
run 4 "$nexus" fleet status dos -v
out_has "bad answer"
err_has "it is of another box"
cp "$T/id.was" "$T/dos/id"

say "hostile text"
printf '%s\n' '{"schema":"nexus.answer/1","id":1,"ok":false,"error":{"kind":"system","text":"\u001b]0;x\u0007\u009b31m"}}' \
	>"$T/dos/raw-answer"
run 4 "$nexus" fleet status dos
err_has "The box answered that it can't"
harmless
id=$(cat "$T/dos/id")
printf '%s\n' '{"schema":"nexus.answer/1","id":1,"ok":true,"status":{"schema":"nexus.status/1","time":"2026-01-01T00:00:00Z","box":{"id":"'"$id"'","name":"\u001b[2J","adopted":true},"health":{"level":"fail","checks":[{"id":"space","level":"fail","text":"a\u001b[2Jb\r\n"}]}}}' \
	>"$T/dos/raw-answer"
run 0 "$nexus" fleet status dos
out_has "TROUBLE"
harmless

say "answers that are none: garbage, too long, cut off"
head -c 100000 /dev/urandom | tr '\n' ' ' >"$T/dos/raw-answer"
echo >>"$T/dos/raw-answer"
run 4 "$nexus" fleet status dos
out_has "bad answer"
head -c 3000000 /dev/zero | tr '\0' 'a' >"$T/dos/raw-answer"
run 4 "$nexus" fleet status dos
out_has "bad answer"
touch "$T/dos/die"
printf '{"schema":"nexus.answer/1","id":1,"ok":tr' >"$T/dos/raw-answer"
run 4 "$nexus" fleet status dos
out_has "bad answer"
rm "$T/dos/die"

say "no answer in time"
: >"$T/dos/raw-answer"
seconds run 4 "$nexus" fleet status dos --timeout 1s
out_has "too slow"
within 5
rm "$T/dos/raw-answer"

say "sockets that misbehave"
n=0
for fault in silent garbage flood endless-banner slow-banner hang-up banner-only; do
	"$tool/test-faulty" $fault >"$T/port.$fault" &
	pids+=($!)
	n=$((n + 1))
	make_box $fault "0123ABC$n"
	start_box $fault
	run 0 "$nexus" fleet adopt "$(address $fault)" --code "$(cat "$T/$fault/code")" --name $fault
	stop_box $fault
	[ -s "$T/port.$fault" ] || sleep 0.5
	run 0 "$nexus" fleet move $fault "127.0.0.1:$(cat "$T/port.$fault")"
done
make_box nowhere 0123ABCX
start_box nowhere
run 0 "$nexus" fleet adopt "$(address nowhere)" --code "$(cat "$T/nowhere/code")" --name nowhere
run 0 "$nexus" fleet move nowhere no-such-host.invalid
seconds run 3 "$nexus" fleet status --json --timeout 2s
within 12
for want in uno:none dos:none silent:silent garbage:garbage flood:garbage endless-banner:garbage \
	slow-banner:garbage hang-up:exchange banner-only:exchange nowhere:name; do
	got=$(jq -r --arg n "${want%:*}" '.boxes[] | select(.name == $n) | .fault' "$T/out")
	[ "$got" = "${want#*:}" ] || fail "${want%:*} is '$got', not '${want#*:}'"
done
for fault in silent garbage flood endless-banner slow-banner hang-up banner-only nowhere; do
	seconds run 4 "$nexus" fleet backup $fault --timeout 2s
	within 8
	seconds run 4 "$nexus" fleet shell $fault --timeout 2s -- true
	within 8
done
harmless
