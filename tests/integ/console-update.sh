#!/usr/bin/env bash
# The console updates a whole box: real sshd, nexus-gate, nexus-agent, nexus-update and RAUC; a file
# that is sent, breaks off and goes on, and what the gate refuses of one.
# timeout: 180
# parallel: yes
set -euo pipefail
# shellcheck source=tests/integ/agent-lib.sh
. "$SRC/tests/integ/agent-lib.sh"
# shellcheck source=tests/integ/console-lib.sh
. "$SRC/tests/integ/console-lib.sh"
# shellcheck source=tests/integ/update-lib.sh
. "$SRC/tests/integ/update-lib.sh"

need_tools busctl dbus-daemon jq ssh-keygen python3
need_sshd
need_rauc
make_box
make_keys
make_slots
make_bundle good 0.2.0
make_bundle old 0.0.9
hour=$(date +%-H)
printf '[Update]\nWindow=%02d:00-%02d:00\n' $(((hour + 12) % 24)) $(((hour + 13) % 24)) >>"$root/etc/nexus/agent.conf"
incoming=$root/data/update/incoming
mkdir "$incoming"
start_bus
start_rauc
# shellcheck disable=SC2119
start_agent
"$BUILD/agent/nexus-adoption" --root "$root"
start_sshd
start_server
wait_for 20 grep -aq '^PROVEN=A' "$root/run/nexus/bootstate"
run 0 "$nexus" fleet adopt "127.0.0.1:$port" --code "$(cat "$root/run/nexus-adoption/code")" --name caja

echo "== what the gate takes and refuses"
sum=$(sha256sum <"$T/bundles/good" | cut -d' ' -f1)
size=$(stat -c %s "$T/bundles/good")
put() { # SHA256 SIZE: the request
	printf '{"schema":"nexus.request/1","id":1,"op":"put","sha256":"%s","size":%s}\n' "$1" "$2"
}
{ put "$sum" "$size"; head -c 1500000 "$T/bundles/good"; } | gate operator test >"$T/answers"
jq -e '.schema == "nexus.event/1" and .have == 0' "$T/answers" >/dev/null || fail "$(cat "$T/answers")"
[ "$(stat -c %s "$incoming/$sum.part")" = 1500000 ] || fail "what came did not stay"
# It goes on there; after the file come other requests.
{
	put "$sum" "$size"
	tail -c +1500001 "$T/bundles/good"
	echo '{"schema":"nexus.request/1","id":2,"op":"jobs"}'
} | gate operator test >"$T/answers"
jq -es '.[0].have == 1500000 and .[1].ok and .[2].id == 2 and .[2].ok' "$T/answers" >/dev/null || fail "$(cat "$T/answers")"
path=$(jq -r 'select(.path).path' "$T/answers")
cmp "$T/bundles/good" "$root$path" || fail "another file arrived"
put "$sum" "$size" | gate operator test | jq -es '.[0].have == '"$size"' and .[1].ok' >/dev/null || fail "a whole file was not taken up"
zeros=$(printf '%064d' 0)
{ put "$zeros" 5; printf 'other'; } | gate operator test | tail -n 1 | jq -e '.error.kind == "corrupt"' >/dev/null || fail "a wrong digest"
[ -z "$(ls "$incoming")" ] || fail "left: $(ls "$incoming")"
refused() { # KIND LINE
	printf '%s\n' "$2" | gate "${3:-operator}" test 2>/dev/null >"$T/answer" || true
	[ "$(jq -rs '.[-1].error.kind' "$T/answer")" = "$1" ] || fail "for $2 came $(cat "$T/answer")"
}
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"put","size":5}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"put","sha256":"../../etc/passwd","size":5}'
refused corrupt "$(put "$sum" 0)"
refused corrupt "$(put "$sum" 99999999999999)"
put "$sum" 5 | gate adopt | jq -e '.error.kind == "denied"' >/dev/null || fail "the adoption login may send files"
mount -t tmpfs -o size=33m nexus-test "$root/data/update"
mkdir "$incoming"
refused space "$(put "$sum" "$size")"
jq -rs '.[-1].error.text' "$T/answer" | grep -q "MiB are free" || fail "the room is not told"
umount "$root/data/update"

echo "== a check; a file that is no update; one that is older"
run 0 "$nexus" fleet update caja "$T/bundles/good" --check
has err "update: sending"
has out "update is done"
has out "0.2.0 is in order"
[ "$(variable ORDER)" = "A B" ] || fail "a check installed it"
head -c 5000 /dev/urandom >"$T/noise"
run 1 "$nexus" update caja "$T/noise"
has err "update failed: The file is no update"
run 1 "$nexus" fleet update caja "$T/bundles/old"
has err "older than the system"
run 1 "$nexus" fleet update caja "$T/nothing"
has err "No such file"
run 1 "$nexus" fleet update caja "$T"
run 2 "$nexus" fleet update caja
run 1 "$nexus" fleet update caja box:relative
run 1 "$nexus" fleet update nobody "$T/bundles/good"

echo "== a connection that breaks: it tries again and goes on"
head -c 60000000 /dev/urandom >"$T/large"
large=$(sha256sum <"$T/large" | cut -d' ' -f1)
"$nexus" fleet update caja "$T/large" --check >"$T/out" 2>"$T/err" &
update_pid=$!
pids+=("$update_pid")
arrived() {
	[ "$(stat -c %s "$incoming/$large.part" 2>/dev/null || echo 0)" -ge 3000000 ]
}
wait_for 30 arrived
# The gate of this connection is the only process that has the file open.
gate_pid=$(find /proc/[0-9]*/fd -lname "$incoming/$large.part" 2>/dev/null | cut -d/ -f3 | head -n 1 || true)
[ -n "$gate_pid" ] || fail "the file came before the connection could be cut"
kill "$gate_pid"
status=0
wait "$update_pid" || status=$?
[ $status = 1 ] || fail "ended with $status: $(cat "$T/err")"
has err "The connection broke. Trying again"
has err "The file is no update"
[ ! -e "$incoming/$large.raucb" ] || fail "a file that is no update stayed"

echo "== installed: sent, fetched, and from the box itself"
run 0 "$nexus" update caja "$T/bundles/good" --json
[ "$(tail -n 1 "$T/out" | jq -r '.job.state + .job.result.version')" = done0.2.0 ] || fail "$(cat "$T/out")"
cmp -n 3145728 "$T/images/good/root.img" "$root/run/nexus/root-b" || fail "not in slot B"
[ -z "$(ls "$incoming")" ] || fail "the bundle stayed"
run 0 "$nexus" fleet status caja --json
jq -e '.boxes[0].status.slots[1] | .name == "B" and .state == "waiting" and .version == "0.2.0"' "$T/out" >/dev/null || fail "$(cat "$T/out")"
cp "$T/bundles/old" "$T/www/old"
run 0 "$nexus" fleet update caja "$address/old" --older
has err "update: fetching"
cp "$T/bundles/good" "$root/data/stick.raucb"
run 0 "$nexus" fleet update caja box:/data/stick.raucb --no-wait
has out "has begun as job"
[ ! -e "$root/double/restarts" ] || fail "restarted outside the hours"
run 0 "$nexus" fleet update caja box:/data/stick.raucb --now
wait_for 20 test -e "$root/double/restarts"
[ -e "$root/data/stick.raucb" ] || fail "somebody's own file was removed"
echo "all is well"
