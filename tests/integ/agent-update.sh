#!/usr/bin/env bash
# timeout: 180
# parallel: yes
# Updates: nexus-agent, nexus-update and the real RAUC with slots that are files; bundles that are
# refused, a source that breaks off, a worker that is killed, a queue, a full disk, the restart.
set -euo pipefail
# shellcheck source=tests/integ/agent-lib.sh
. "$SRC/tests/integ/agent-lib.sh"
# shellcheck source=tests/integ/update-lib.sh
. "$SRC/tests/integ/update-lib.sh"

need_tools busctl dbus-daemon jq ssh-keygen python3
need_rauc
make_box
make_keys
make_slots
make_bundle good 0.2.0
make_bundle stranger 0.2.0 nexus-amd64-debian stranger
make_bundle other 0.2.0 nexus-amd64-ubuntu
make_bundle old 0.0.9
make_bundle verity 0.3.0 nexus-amd64-debian signer verity
ROOT_KIB=5000 make_bundle large 0.2.0
mksquashfs "$T/images/good" "$T/bundles/unsigned" -quiet >/dev/null
head -c 2000000 "$T/bundles/good" >"$T/bundles/cut"
head -c 2000000 "$T/bundles/verity" >"$T/bundles/verity-cut"
head -c 300000 /dev/urandom >"$T/bundles/garbage"
mv "$T/bundles" "$root/data/bundles"
# At an hour that is far from now nothing restarts by itself.
hour=$(date +%-H)
far=$(printf '%02d:00-%02d:00' $(((hour + 12) % 24)) $(((hour + 13) % 24)))
printf '[Update]\nWindow=%s\n' "$far" >>"$root/etc/nexus/agent.conf"
start_bus
start_rauc
start_agent
start_server
wait_for 20 grep -aq '^PROVEN=A' "$root/run/nexus/bootstate"
before() {
	(cd "$root/run/nexus" && sha256sum bootstate root-a root-b kernel-a kernel-b)
}
before >"$T/before"
untouched() {
	before | cmp -s - "$T/before" || fail "$1: something was written"
}

echo "== what is refused, and with which words"
refused() { # WORDS ARGS-JSON
	update_ends failed "$2"
	message | grep -q -- "$1" || fail "for $2: $(message)"
	untouched "$2"
}
refused "not signed" '{"source":"/data/bundles/unsigned"}'
refused "not signed" '{"source":"/data/bundles/stranger"}'
refused "another kind of box" '{"source":"/data/bundles/other"}'
refused "older than the system" '{"source":"/data/bundles/old"}'
refused "cut short" '{"source":"/data/bundles/cut"}'
refused "cut short" '{"source":"/data/bundles/verity-cut"}'
refused "cut short" '{"source":"/data/bundles/garbage"}'
refused "larger than the place" '{"source":"/data/bundles/large"}'
refused "no such file" '{"source":"/data/bundles/nothing"}'
refused "cut short" "{\"source\":\"/data/bundles/good\",\"sha256\":\"$(printf '%064d' 0)\"}"
refused "cut short" '{"source":"/data/bundles/good","size":1}'
refused "from this address" "{\"source\":\"$address/nothing\"}"
refused "from this address" "{\"source\":\"$address/moved\"}"
for args in '{}' '{"source":"relative"}' '{"source":"ftp://x/y"}' '{"source":"/x","size":0}' \
	'{"source":"/x","sha256":"12"}' '{"source":"/x","older":"yes"}' '{"source":7}'; do
	call RunJob ss update "$args" >/dev/null 2>&1 && fail "took $args"
done
call RunJob ss backup '{"source":"/x"}' >/dev/null 2>&1 && fail "a backup with a source"

echo "== a check installs nothing; both formats are read"
update_ends "done" '{"source":"/data/bundles/good","only_check":true}'
message | grep -q "0.2.0 is in order" || fail "$(message)"
update_ends "done" '{"source":"/data/bundles/verity","only_check":true}'
update_ends "done" '{"source":"/data/bundles/old","only_check":true,"older":true}'
untouched check

echo "== RAUC takes another slot for the running one: nothing is done"
end_rauc
start_rauc B
refused "no second place" '{"source":"/data/bundles/good"}'
end_rauc
start_rauc A

echo "== a full data partition"
mount -t tmpfs -o size=34m,mode=0700 nexus-test "$root/data/update"
cp "$root/data/bundles/good" "$T/www/good"
refused "too full" "{\"source\":\"$address/good\"}"
message | grep -q "MiB are free" || fail "the room is not told: $(message)"
umount "$root/data/update"

echo "== a server that can't send parts"
touch "$T/www/whole"
refused "from this address" "{\"source\":\"$address/good\"}"
message | grep -q "Range" || fail "$(message)"
rm "$T/www/whole"

echo "== a source that breaks off, a worker that is killed: what came is not fetched again"
size=$(stat -c %s "$T/www/good")
rm -f "$root/data/update/"*
: >"$T/www.log"
echo 1500000 >"$T/www/break-at"
update_ends "done" "{\"source\":\"$address/good\",\"only_check\":true,\"size\":$size}"
[ ! -e "$T/www/break-at" ] || fail "the server did not break off"
[ "$(served)" -le $((size + 1048576)) ] || fail "served $(served) bytes of $size"
[ "$(served)" -gt "$size" ] || fail "nothing was lost by the break: $(cat "$T/www.log")"
echo "   broken off at 1500000 of $size bytes: $(served) bytes served"
: >"$T/www.log"
update_ends "done" "{\"source\":\"$address/good\",\"only_check\":true}"
[ "$(served)" = 0 ] || fail "fetched again: $(cat "$T/www.log")"
rm "$root/data/update/"*
: >"$T/www.log"
touch "$T/www/slow"
update "{\"source\":\"$address/good\"}"
first=$id
arrived() {
	[ "$(stat -c %s "$root/data/update/bundle.raucb" 2>/dev/null || echo 0)" -ge 1048576 ]
}
wait_for 20 arrived
kill -KILL -- "-$(tail -n 1 "$root/double/started")"
wait_for 10 ended
job_is "$first" failed || fail "a killed worker's job is $(job_state "$first")"
untouched "a killed worker"
here=$(stat -c %s "$root/data/update/bundle.raucb")
rm "$T/www/slow"
: >"$T/www.log"

echo "== queued behind a backup, then installed into the slot that does not run"
"$BUILD/agent/nexus-job" --root "$root" init
rm "$T/bin/nexus-backup"
printf '#!/bin/sh\nwhile [ -d "%s" ] && [ ! -e "%s/go-on" ]; do sleep 0.1; done\necho "{\\"message_type\\":\\"summary\\",\\"snapshot_id\\":\\"fedcba9876543210\\"}"\n' \
	"$T" "$T" >"$T/bin/nexus-backup"
chmod +x "$T/bin/nexus-backup"
backup=$(call RunJob ss check "")
wait_for 10 job_is "$backup" running
update "{\"source\":\"$address/good\"}"
again=$(call RunJob ss update "{\"source\":\"$address/good\"}")
[ "$again" = "$id" ] || fail "the same update twice"
sleep 1
job_is "$id" queued || fail "the update did not wait: $(job_state "$id")"
untouched "waiting"
touch "$T/go-on"
wait_for 20 ended
job_is "$id" "done" || fail "$(call GetJob s "$id")"
[ "$(served)" = $((size - here)) ] || fail "$here bytes were here, $(served) of $size were served"
echo "   killed with $here bytes here: $(served) of $size served by the next job"
[ "$(call GetJob s "$id" | jq -r .result.version)" = 0.2.0 ] || fail "the version is not told"
cmp -n 3145728 "$T/images/good/root.img" "$root/run/nexus/root-b" || fail "not in slot B"
cmp -n 204800 "$T/images/good/kernel.img" "$root/run/nexus/kernel-b" || fail "the kernel is not in B"
grep '[-]a$' "$T/before" | (cd "$root/run/nexus" && sha256sum --quiet -c) || fail "slot A was written"
[ "$(variable ORDER)|$(variable B_OK)|$(variable B_TRY)" = "B A|1|0" ] || fail "$(head -c 300 "$root/run/nexus/bootstate")"
[ -z "$(ls "$root/data/update")" ] || fail "the bundle stayed: $(ls "$root/data/update")"

echo "== no restart outside the hours; a job goes first; then it restarts"
sleep 1
[ ! -e "$root/double/restarts" ] || fail "it restarted at once"
rm "$T/go-on"
check=$(call RunJob ss check "")
wait_for 10 job_is "$check" running
sed -i "s/^Window=.*/Window=00:00-00:00/" "$root/etc/nexus/agent.conf"
touch "$root/double/refuse-restart"
kill -HUP "$agent_pid"
sleep 1
grep -q 'not allowed' "$T/agent.log" && fail "it wanted to restart while a job ran"
touch "$T/go-on"
wait_for 20 grep -q 'restart: refused: not allowed' "$T/agent.log"
rm "$root/double/refuse-restart"
kill -HUP "$agent_pid"
wait_for 20 test -e "$root/double/restarts"
late=$(call RunJob ss check "")
job_is "$late" queued || fail "a job was begun that the restart would cut off"

echo "== an update that was asked for at once does not wait for the hours"
end_agent TERM
sed -i "s/^Window=.*/Window=$far/" "$root/etc/nexus/agent.conf"
rm "$root/double/restarts"
start_agent
wait_for 20 job_is "$late" "done"
update_ends "done" '{"source":"/data/bundles/good","now":true}'
wait_for 20 test -e "$root/double/restarts"
[ "$(wc -l <"$root/double/restarts")" = 1 ] || fail "restarted more than once"

echo "== the slots are told: the update waits"
slots() {
	status '[.slots[] | "\(.name) \(.version) \(.state)"] | join(", ")'
}
slots_are() {
	[ "$(slots)" = "$1" ]
}
wait_for 10 slots_are "A 0.1.0 good, B 0.2.0 waiting"
status '.health.checks[] | select(.id == "slot") | .text' | grep -q "an update waits in place B" || fail "the health says nothing"

echo "== without RAUC"
end_agent TERM
start_agent
end_rauc
update_ends failed '{"source":"/data/bundles/good"}'
message | grep -q "RAUC" || fail "$(message)"
echo "all is well"
