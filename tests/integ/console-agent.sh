#!/usr/bin/env bash
# The console and a whole box: real sshd, nexus-gate and nexus-agent on a private bus, a backup
# and a restore of real files.
# timeout: 240
# parallel: yes
set -euo pipefail
# shellcheck source=tests/integ/agent-lib.sh
. "$SRC/tests/integ/agent-lib.sh"

# shellcheck source=tests/integ/console-lib.sh
. "$SRC/tests/integ/console-lib.sh"

need_tools busctl dbus-daemon jq ssh-keygen
need_sshd
make_box
head -c 3000000 /dev/urandom >"$root/data/files/contabilidad.db"
mkdir "$root/data/files/fotos" && echo hola >"$root/data/files/fotos/a b"
start_bus
# shellcheck disable=SC2119
start_agent
"$BUILD/agent/nexus-adoption" --root "$root"
start_sshd
at=127.0.0.1:$port

echo "== adoption with the code on the box's screen"
run 5 "$nexus" fleet adopt "$at" --code 0000-0000-0000-0000
cp "$root/run/nexus-adoption/code" "$T/code"
grep -qx 'nexus-adoption: open' "$root/run/nexus-adoption/banner" || fail "no banner of an open box"
run 5 "$nexus" fleet adopt "$at" --code "$(cut -c1-10 "$T/code")ZZZZ-ZZZZ"
has err "refuses the code"
run 0 "$nexus" fleet adopt "$at" --code-file "$T/code" --name tienda-1
has out "tienda-1 is yours now"
has out "debian 0.1.0"
[ "$(property Name)" = tienda-1 ] || fail "the box does not know its name"
run 0 "$nexus" fleet adopt "$at" --code-file "$T/code"
has out "was yours already"
run 5 "$nexus" fleet adopt "$at" --code-file "$T/code" --home "$T/thief"
has err "Another console has adopted this box already"
has err "Only that console, or installing the box anew, can change this"
# Neither sshd nor the console needs the banner.
mv "$root/run/nexus-adoption/banner" "$T/banner"
run 5 "$nexus" fleet adopt "$at" --code-file "$T/code" --home "$T/thief"
has err "refuses the code"
"$BUILD/agent/nexus-adoption" --root "$root"
cmp "$T/banner" "$root/run/nexus-adoption/banner" || fail "the banner of an adopted box did not come back"

echo "== status"
run 0 "$nexus" fleet status --json
jq -e '.boxes[0] | .fault == "none" and .status.boot.slot == "A" and .status.box.adopted' "$T/out" \
	>/dev/null || fail "status: $(cat "$T/out")"
run 0 "$nexus" fleet status
grep -qE '^tienda-1 ' "$T/out" || fail "no row"
cat "$T/out"

echo "== backup, restore, check"
run 0 "$nexus" fleet backup tienda-1
has out "backup is done"
has out "snapshot"
run 0 "$nexus" fleet restore tienda-1 --json
[ "$(tail -n 1 "$T/out" | jq -r .job.state)" = "done" ] || fail "restore: $(cat "$T/out")"
restored=$(find "$root/data/restore" -type d -name files)
diff -r "$root/data/files" "$restored" || fail "the restored tree differs"
run 1 "$nexus" fleet restore tienda-1 --target /etc/cron.d
has err "below /data/restore"
run 0 "$nexus" fleet check tienda-1
run 0 "$nexus" fleet jobs tienda-1
[ "$(grep -c ' done ' "$T/out")" = 3 ] || fail "jobs: $(cat "$T/out")"

echo "== a chosen snapshot is restored, not the newest"
run 0 "$nexus" fleet jobs tienda-1 --json
first=$(jq -rs '[.. | objects | select(.kind? == "backup" and .result?) | .result.snapshot][0]' "$T/out")
[ "${#first}" -ge 8 ] || fail "no snapshot's id: $(cat "$T/out")"
cp -a "$root/data/files" "$T/then"
echo adios >"$root/data/files/fotos/a b"
rm "$root/data/files/contabilidad.db"
run 0 "$nexus" fleet backup tienda-1
restored_by() { # RESTORE-ARGUMENT...: sets $restored, the folder of the newest job
	run 0 "$nexus" fleet restore tienda-1 --json "$@"
	[ "$(tail -n 1 "$T/out" | jq -r .job.state)" = "done" ] || fail "restore: $(cat "$T/out")"
	restored=$(find "$root/data/restore/$(tail -n 1 "$T/out" | jq -r .job.id)" -type d -name files)
}
restored_by --snapshot "$first"
diff -r "$T/then" "$restored" || fail "the chosen snapshot was not the one that was restored"
restored_by
diff -r "$root/data/files" "$restored" || fail "the newest snapshot was not the one that was restored"
run 1 "$nexus" fleet restore tienda-1 --snapshot 0123456789abcdef

echo "== shell and journal"
run 0 "$nexus" fleet shell tienda-1 -- echo "de la" caja
has out "de la caja"
run 7 "$nexus" fleet shell tienda-1 'exit 7'
if [ -d /run/systemd/journal ]; then
	run 0 "$nexus" fleet log tienda-1 -n 5
else
	run 1 "$nexus" fleet log tienda-1 -n 5
	has err "read log"
fi

echo "== the agent is away"
end_agent TERM
run 1 "$nexus" fleet backup tienda-1
has err "The box answered that it can't"
run 0 "$nexus" fleet shell tienda-1 true
echo "all is well"
