#!/usr/bin/env bash
# timeout: 240
# nexus-agent on a private bus, with the real daemon, gate, workers and engine, and a
# double of systemd: every method, every kind of bad input, kill -9, a full disk, damaged files.
set -euo pipefail
# shellcheck source=tests/integ/agent-lib.sh
. "$SRC/tests/integ/agent-lib.sh"

need_tools busctl dbus-daemon jq restic ssh-keygen
make_box
head -c 2000000 /dev/urandom >"$root/data/files/a"
mkdir "$root/data/files/dir" && echo hello >"$root/data/files/dir/b"
request() {
	printf '{"schema":"nexus.request/1","id":%s,%s}\n' "$1" "$2"
}

echo "== starts, and marks the slot good after its gate"
start_bus
start_agent
[ "$(property Slot)" = A ] || fail "not slot A"
wait_for 20 grep -aq '^PROVEN=A' "$root/run/nexus/bootstate"
grep -aq '^A_TRY=0' "$root/run/nexus/bootstate" || fail "the slot's tries were not reset"
boot_good() {
	[ "$(status .boot.good)" = true ]
}
wait_for 20 boot_good
[ "$(status .schema)" = nexus.status/1 ] || fail "no status document"
[ "$(status .boot.count)" = 1 ] || fail "the first boot is not counted as one"
[ "$(property Adopted)" = false ] || fail "adopted by nobody?"
[ "$(property BoxId)" = "$(status .box.id)" ] || fail "BoxId differs from the status"

echo "== memory at rest"
sleep 2
peak_kib=$(awk '/^VmHWM/ { print $2 }' "/proc/$agent_pid/status")
echo "peak RSS of nexus-agent at rest: $peak_kib KiB (limit 6144)"
[ "$peak_kib" -le 6144 ] || fail "peak RSS of $peak_kib KiB is over 6 MiB"

echo "== introspection says what the XML file says"
bus introspect --xml-interface com.nexusempresarial.Agent1 /com/nexusempresarial/Agent1 >"$T/real.xml"
members() {
	grep -o '<\(method\|property\|signal\) name="[A-Za-z]*"\( type="[a-z]*"\)\?' "$1" | grep -v 'name="Get"\|name="GetAll"\|name="Set"\|PropertiesChanged\|Introspect\|Ping\|GetMachineId' | sort
}
diff <(members "$T/real.xml") <(members "$SRC/agent/data/com.nexusempresarial.Agent1.xml") ||
	fail "interface and XML file differ"

busctl --system monitor --json=short com.nexusempresarial.Agent1 >"$T/signals" 2>"$T/monitor" &
monitor_pid=$!
pids+=("$monitor_pid")
wait_for 10 grep -q 'Monitoring bus' "$T/monitor"

echo "== a backup and a restore, by the bus and by the gate"
id=$(call RunJob ss backup "")
[ "$(call RunJob ss backup '{}')" = "$id" ] || fail "a second backup was queued beside the first"
wait_for 60 job_is "$id" "done"
[ "$(call GetJob s "$id" | jq -r '.result.snapshot | length')" -ge 8 ] || fail "no snapshot's id"
[ "$(status .backup.last_result)" = "done" ] || fail "the status does not tell of the backup"
[ "$(stat -c %a "$root/var/lib/nexus-identity/backup/repo.key")" = 600 ] || fail "the key is open"
request 7 '"op":"run","kind":"restore","follow":true' | gate operator test >"$T/answers"
[ "$(tail -n 1 "$T/answers" | jq -r '.schema + .job.state')" = nexus.answer/1done ] ||
	fail "restore: $(cat "$T/answers")"
[ "$(grep -c nexus.event/1 "$T/answers")" -ge 1 ] || fail "no events of the restore"
restored=$(find "$root/data/restore" -type d -name files)
diff -r "$root/data/files" "$restored" || fail "the restored tree differs"
restic -r "$root/data/backup/repo" --password-file "$root/var/lib/nexus-identity/backup/repo.key" \
	check --read-data >"$T/restic" 2>&1 || fail "restic check: $(cat "$T/restic")"
request 8 '"op":"run","kind":"check","follow":true' | gate operator test | tail -n 1 |
	jq -e '.ok and .job.state == "done"' >/dev/null || fail "check"

echo "== who listens is told"
heard() { # MEMBER JQ-TEST: a signal of that name with arguments \$a that pass
	jq -es --arg member "$1" "any(.[]; .type == \"signal\" and .member == \$member and
		(.payload.data as \$a | $2))" "$T/signals" >/dev/null
}
for state in queued running "done"; do
	wait_for 10 heard JobChanged "\$a[0] == \"$id\" and (\$a[1] | fromjson.state == \"$state\")"
done
wait_for 10 heard PropertiesChanged '$a[1].State.data != null'
kill "$monitor_pid"

echo "== the gate's other requests"
{
	request 1 '"op":"status"'
	request 2 '"op":"jobs"'
	request 3 "\"op\":\"job\",\"job\":\"$id\""
} | gate operator test >"$T/answers"
jq -es 'map(select(.id == 1))[0] | .ok and .status.box.version == "0.1.0"' "$T/answers" >/dev/null || fail status
jq -es 'map(select(.id == 2))[0] | .ok and (.jobs | length) == 3' "$T/answers" >/dev/null || fail jobs
jq -es 'map(select(.id == 3))[0] | .ok and .job.kind == "backup"' "$T/answers" >/dev/null || fail job
request 4 '"op":"log","lines":5' | gate operator test | jq -e '.id == 4' >/dev/null || fail log

echo "== wrong requests are refused one by one, and change nothing"
refused() { # KIND LINE
	printf '%s\n' "$2" | gate operator test >"$T/answer" || fail "the gate gave up at: $2"
	[ "$(jq -r 'if .ok then "ok" else .error.kind end' "$T/answer")" = "$1" ] ||
		fail "for $2 came $(cat "$T/answer")"
}
before=$(call ListJobs | jq length)
refused corrupt 'garbage'
refused corrupt '{"schema":"nexus.request/1","id":1}'
refused corrupt '{"schema":"nexus.request/2","id":1,"op":"status"}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"reboot"}'
refused corrupt '{"schema":"nexus.request/1","id":0,"op":"status"}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"run","kind":"--help"}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"run","kind":"restore","snapshot":"--help"}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"run","kind":"restore","target":"relative"}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"log","unit":"--vacuum-size=1"}'
refused corrupt '{"schema":"nexus.request/1","id":1,"op":"log","lines":100000}'
refused not-found '{"schema":"nexus.request/1","id":1,"op":"job","job":"nothing"}'
refused denied '{"schema":"nexus.request/1","id":1,"op":"adopt","operator_key":"ssh-ed25519 AAAA"}'
[ "$(call ListJobs | jq length)" = "$before" ] || fail "a refused request made a job"
head -c 100000 /dev/zero | tr '\0' x | gate operator test >"$T/answer" 2>/dev/null &&
	fail "an endless line was taken"
jq -e '.ok == false' "$T/answer" >/dev/null || fail "an endless line was not answered"
bus call com.nexusempresarial.Agent1 /com/nexusempresarial/Agent1 \
	com.nexusempresarial.Agent1.Manager RunJob ss erase "" 2>"$T/err" && fail "RunJob erase"
grep -q 'unknown kind' "$T/err" || fail "RunJob erase: $(cat "$T/err")"

echo "== a restore to elsewhere is refused by the worker"
id=$(call RunJob ss restore '{"target":"/etc/cron.d"}')
wait_for 20 job_is "$id" failed
call GetJob s "$id" | jq -r .result.message | grep -q "below /data/restore" || fail "its message"
id=$(call RunJob ss restore '{"target":"/data/restore/../../etc"}')
wait_for 20 job_is "$id" failed
[ ! -e "$root/etc/cron.d" ] || fail "a restore got out"

echo "== the gate's forced command"
SSH_ORIGINAL_COMMAND="rm -rf /" gate operator test </dev/null 2>"$T/err" && fail "took a command"
grep -q "nothing else" "$T/err" || fail "refusal: $(cat "$T/err")"
SSH_ORIGINAL_COMMAND="shellfish" gate operator test </dev/null 2>/dev/null && fail "took shellfish"
[ "$(SSH_ORIGINAL_COMMAND="shell echo from a shell" gate operator 'daniel SHA256:x' 2>"$T/err")" = "from a shell" ] ||
	fail "shell command"
status_of=0
SSH_ORIGINAL_COMMAND="shell exit 7" gate operator x 2>/dev/null || status_of=$?
[ $status_of = 7 ] || fail "the shell's exit status got lost: $status_of"
SSH_ORIGINAL_COMMAND=shell gate adopt </dev/null 2>/dev/null && fail "a shell for the adoption login"

echo "== adoption"
"$BUILD/agent/nexus-adoption" --root "$root"
code=$(cat "$root/run/nexus-adoption/code")
wait_for 10 grep -q "$code" "$root/run/nexus-agent/issue"
"$BUILD/agent/authorized-keys" --root "$root" nexus-adopt >"$T/keys"
grep -q '^restrict,command="/usr/lib/nexus/nexus-gate adopt" ssh-ed25519 ' "$T/keys" || fail "no key"
[ -z "$("$BUILD/agent/authorized-keys" --root "$root" nexus-operator)" ] || fail "keys for nobody"
[ -z "$("$BUILD/agent/authorized-keys" --root "$root" root)" ] || fail "keys for root"
request 1 '"op":"status"' | gate adopt | jq -e '.error.kind == "denied"' >/dev/null ||
	fail "the adoption login got the status"
ssh-keygen -q -t ed25519 -N '' -C ops -f "$T/operator"
ssh-keygen -q -t rsa -b 2048 -N '' -C ops -f "$T/rsa"
ssh-keygen -q -t ed25519 -N '' -C thief -f "$T/thief"
adopt() { # KEY NAME
	request 5 "\"op\":\"adopt\",\"operator_key\":\"$(cat "$T/$1.pub")\",\"console\":\"mesa\",\"name\":\"$2\"" |
		gate adopt
}
adopt rsa caja-1 | jq -e '.error.kind == "config"' >/dev/null || fail "took an RSA key"
adopt operator '../x' | jq -e '.error.kind == "config"' >/dev/null || fail "took a bad name"
[ "$(property Adopted)" = false ] || fail "adopted by a bad request"
adopt operator caja-1 | jq -e '.ok and .name == "caja-1" and .distribution == "debian"' >/dev/null ||
	fail "adoption"
adopt operator caja-1 | jq -e .ok >/dev/null || fail "adoption is not repeatable"
adopt thief caja-2 | jq -e '.error.kind == "denied"' >/dev/null || fail "stolen"
[ "$(property Adopted)$(property Name)" = truecaja-1 ] || fail "properties after adoption"
[ ! -e "$root/var/lib/nexus-agent/adoption.json" ] || fail "the secret is still there"
[ ! -e "$root/run/nexus-adoption/authorized" ] || fail "the adoption key is still there"
[ -z "$("$BUILD/agent/authorized-keys" --root "$root" nexus-adopt)" ] || fail "it still opens"
"$BUILD/agent/authorized-keys" --root "$root" nexus-operator >"$T/keys"
[ "$(wc -l <"$T/keys")" = 1 ] || fail "not one operator"
grep -qF "$(cut -d' ' -f2 "$T/operator.pub")" "$T/keys" || fail "not the operator's key"
grep -qF "$(ssh-keygen -lf "$T/operator.pub" | cut -d' ' -f2)" "$T/keys" || fail "no fingerprint"
ssh-keygen -lf "$T/keys" >/dev/null || fail "sshd could not read that line"
wait_for 10 grep -q "mesa" "$root/run/nexus-agent/issue"
grep -q "$code" "$root/run/nexus-agent/issue" && fail "the code is still shown"
"$BUILD/agent/nexus-adoption" --root "$root"
[ ! -e "$root/run/nexus-adoption/code" ] || fail "a code for an adopted box"

echo "== a damaged configuration: told by file and line, the last good one stays"
cp "$root/etc/nexus/agent.conf" "$T/agent.conf"
printf '[Backup]\nIntervall=1d\n' >"$root/etc/nexus/agent.conf"
kill -HUP "$agent_pid"
settings_bad() {
	[ "$(status '.health.checks[] | select(.id == "settings") | .level')" = fail ]
}
wait_for 10 settings_bad
status '.health.checks[] | select(.id == "settings") | .text' | grep -q 'agent.conf: line 2' ||
	fail "file and line are not told"
[ "$(property Health)" = fail ] || fail "health does not tell"
end_agent TERM
start_agent
settings_bad || fail "after a start with damaged settings"
cp "$T/agent.conf" "$root/etc/nexus/agent.conf"
kill -HUP "$agent_pid"
settings_good() {
	! status '.health.checks[].id' | grep -q settings
}
wait_for 10 settings_good

echo "== kill -9 while a job runs: the job goes on and is told when the agent is back"
rm "$T/bin/nexus-backup"
cat >"$T/bin/nexus-backup" <<-'END'
	#!/bin/sh
	echo '{"message_type":"status","percent_done":0.5,"total_files":2,"files_done":1,"total_bytes":10,"bytes_done":5}'
	sleep "${ENGINE_SLEEP:-3}"
	echo '{"message_type":"summary","snapshot_id":"0123456789abcdef","data_added":5,"total_files_processed":2,"total_bytes_processed":10}'
END
chmod +x "$T/bin/nexus-backup"
id=$(call RunJob ss backup "")
wait_for 10 test -e "$root/run/nexus-jobs/$id.json"
end_agent KILL
start_agent
wait_for 20 job_is "$id" "done"
[ "$(call GetJob s "$id" | jq -r .result.snapshot)" = 0123456789abcdef ] || fail "its result got lost"
[ "$(status .boot.power_cuts.count)" = 0 ] || fail "a restart of the agent counts as a power cut"

echo "== a power cut while a job runs: the job failed, the cut is counted"
cut=$(call RunJob ss backup "")
wait_for 10 job_is "$cut" running
end_agent KILL
kill "${pids[1]}" # systemd and all units
wait "${pids[1]}" 2>/dev/null || true
kill -KILL -- "-$(tail -n 1 "$root/double/started")" # the unit's processes
rm -f "$root/run/nexus-jobs/"*
echo 22222222-0000-4000-8000-000000000002 >"$root/proc/sys/kernel/random/boot_id"
"$BUILD/tests/integ/double-systemd" "$SRC/agent/data" "$BUILD/agent" "$root" 2>>"$T/systemd.log" &
pids+=($!)
wait_for 10 bus status org.freedesktop.systemd1
start_agent
wait_for 20 job_is "$cut" failed
call GetJob s "$cut" | jq -r .result.message | grep -q interrupted || fail "it does not say why"
[ "$(status '"\(.boot.count) \(.boot.power_cuts.count) \(.boot.power_cuts.times | length)"')" = "2 1 1" ] ||
	fail "boots: $(status .boot)"
[ "$(call GetJob s "$id" | jq -r .state)" = "done" ] || fail "an older job was forgotten"

peak_kib=$(awk '/^VmHWM/ { print $2 }' "/proc/$agent_pid/status")
echo "peak RSS of nexus-agent after work: $peak_kib KiB"
[ "$peak_kib" -le 6144 ] || fail "peak RSS of $peak_kib KiB is over 6 MiB"

echo "== an orderly shutdown is none"
mkdir -p "$root/double"
echo stopping >"$root/double/system-state"
end_agent TERM
rm "$root/double/system-state"
echo 33333333-0000-4000-8000-000000000003 >"$root/proc/sys/kernel/random/boot_id"
start_agent
[ "$(status '"\(.boot.count) \(.boot.power_cuts.count)"')" = "3 1" ] || fail "boots: $(status .boot)"

echo "== torn and garbled state files: put aside, the agent comes up"
end_agent TERM
printf '{"schema":"nexus.boots/1","boot' >"$root/var/lib/nexus-agent/boots.json"
printf 'x' >"$root/var/lib/nexus-agent/jobs/$id.json"
printf '{}' >"$root/var/lib/nexus-agent/jobs/20200101-000000-000000.json.0011223344556677.tmp"
start_agent
[ "$(property Name)" = caja-1 ] || fail "the name got lost"
[ -e "$root/var/lib/nexus-agent/boots.json.bad" ] || fail "boots.json was not put aside"
[ -e "$root/var/lib/nexus-agent/jobs/$id.json.bad" ] || fail "the record was not put aside"
ls "$root/var/lib/nexus-agent/jobs/"*.tmp >/dev/null 2>&1 && fail "a leftover stayed"

echo "== more job records than are kept: the oldest go at the start, even while a job runs"
cat >"$T/bin/nexus-backup" <<-END
	#!/bin/sh
	until [ -e "$T/go-on" ]; do sleep 0.1; done
	echo '{"message_type":"summary","snapshot_id":"fedcba9876543210"}'
END
running=$(call RunJob ss backup "")
wait_for 10 job_is "$running" running
end_agent KILL
records=$root/var/lib/nexus-agent/jobs
good=$(jq -rs 'map(select(.job.kind == "backup" and .job.state == "done")) |
	max_by(.sequence).job.id // ""' "$records"/*.json)
[ -n "$good" ] || fail "no good backup among the records"
last=$(jq -s 'map(.sequence) | max' "$records"/*.json)
for n in {1..40}; do
	old=$(printf '20260102-000000-%06x' "$n")
	jq -c --arg id "$old" --argjson n $((last + n)) '.sequence = $n | .job.id = $id |
		.job.kind = "check" | .job.state = "failed" |
		.request |= (fromjson | .kind = "check" | tojson)' "$records/$good.json" >"$records/$old.json"
done
start_agent
[ "$(call ListJobs | jq length)" = 17 ] || fail "not 17 jobs: $(call ListJobs | jq length)"
[ "$(call ListJobs | jq -r '.[0].id')" = 20260102-000000-000028 ] || fail "the newest is not first"
job_is "$good" "done" || fail "the last good backup was forgotten"
[ "$(find "$records" -name '*.json' | wc -l)" = 17 ] || fail "records stayed: $(ls "$records")"
job_is "$running" running || fail "the job that runs was forgotten"
touch "$T/go-on"
wait_for 20 job_is "$running" "done"

echo "== failed units are told"
echo foo.service >"$root/double/failed-units"
failed_told() {
	[ "$(status '.failed_units[0]')" = foo.service ]
}
wait_for 90 failed_told

echo "== the engine fails: the job says so"
printf '#!/bin/sh\necho "{\\"message_type\\":\\"error\\",\\"kind\\":\\"space\\",\\"text\\":\\"write pack: no space left on device\\"}"\nexit 1\n' \
	>"$T/bin/nexus-backup"
id=$(call RunJob ss backup "")
wait_for 20 job_is "$id" failed
call GetJob s "$id" | jq -r .result.message | grep -q "no space left" || fail "its message"
status '.health.checks[] | select(.id == "backup") | .level' | grep -q warn || fail "health of backup"

echo "== a repository whose key is gone is left alone"
mv "$root/var/lib/nexus-identity/backup/repo.key" "$T/repo.key"
id=$(call RunJob ss backup "")
wait_for 20 job_is "$id" failed
call GetJob s "$id" | jq -r .result.message | grep -q "key .* is missing" || fail "its message: $(call GetJob s "$id")"
[ ! -e "$root/var/lib/nexus-identity/backup/repo.key" ] || fail "a new key for an old repository"
mv "$T/repo.key" "$root/var/lib/nexus-identity/backup/repo.key"

if [ "$(id -u)" = 0 ]; then
	echo "== a full disk under the agent's state"
	end_agent TERM
	cp -a "$root/var/lib/nexus-agent" "$T/state"
	mount -t tmpfs -o size=256k,mode=0700 nexus-test "$root/var/lib/nexus-agent"
	cp -a "$T/state/." "$root/var/lib/nexus-agent/"
	start_agent
	dd if=/dev/zero of="$root/var/lib/nexus-agent/filler" bs=1k 2>/dev/null || true
	jobs_before=$(call ListJobs | jq length)
	bus call com.nexusempresarial.Agent1 /com/nexusempresarial/Agent1 \
		com.nexusempresarial.Agent1.Manager RunJob ss backup "" 2>"$T/err" && fail "a job without a record"
	grep -qi "no space left" "$T/err" || fail "full disk: $(cat "$T/err")"
	[ "$(call ListJobs | jq length)" = "$jobs_before" ] || fail "a job that is nowhere"
	[ "$(property Name)" = caja-1 ] || fail "the agent is away"
	rm "$root/var/lib/nexus-agent/filler"
	id=$(call RunJob ss backup "")
	wait_for 20 job_is "$id" failed
	end_agent TERM
	umount "$root/var/lib/nexus-agent"
fi
echo "all is well"
