#!/usr/bin/env bash
# Jobs, the journal, the shell and the inventory's other commands.
# asan: yes
# parallel: yes
# shellcheck source=tests/integ/console/boxes.bash
. "$SRC/tests/integ/console/boxes.bash"

make_box caja 0123ABCZ
start_box caja
run 0 "$nexus" fleet adopt "$(address caja)" --code "$(cat "$T/caja/code")"

say "a backup is followed to its end"
run 0 "$nexus" fleet backup caja
err_has "backup: running 0 %"
err_has "backup: running 80 %"
out_has "backup is done, in 5 s"
out_has "snapshot  5c1a0e9d5c1a0e9d"
out_has "118 MiB"
run 0 "$nexus" fleet backup caja --json
[ "$(jq -s 'length' "$T/out")" = 7 ] || fail "six events and an answer"
[ "$(jq -rs '.[-1].job.state' "$T/out")" = "done" ] || fail "the last state"

say "started and left alone"
run 0 "$nexus" fleet backup caja --no-wait
out_has "has begun as job job-1"

say "restore and check"
run 0 "$nexus" fleet restore caja --snapshot latest --target /data/restore/x
out_has "/data/restore/x"
run 2 "$nexus" fleet restore caja --target relative
run 0 "$nexus" fleet check caja

say "a job that fails"
touch "$T/caja/refuse"
run 1 "$nexus" fleet backup caja
err_has "backup failed: The disk is full."
run 1 "$nexus" fleet backup caja --json
rm "$T/caja/refuse"

say "a box that dies in the middle"
touch "$T/caja/die"
run 1 "$nexus" fleet backup caja
err_has "The connection broke"
err_has "no such job"
touch "$T/caja/goes-on"
run 0 "$nexus" fleet backup caja
err_has "The connection broke"
err_has "running 70 %"
out_has "snapshot  5c1a0e9d5c1a0e9d"
rm "$T/caja/die" "$T/caja/goes-on"

say "jobs and journal"
run 0 "$nexus" fleet jobs caja
grep -qE '^job-1 +backup +done' "$T/out" || fail "the row of the job"
run 0 "$nexus" fleet log caja -n 3
[ "$(wc -l <"$T/out")" = 3 ] || fail "three lines"
harmless
SECONDS=0
run 0 "$nexus" fleet log caja -n 2000
[ $SECONDS -lt 20 ] || fail "a long answer lay about unread"
[ "$(wc -l <"$T/out")" = 2000 ] || fail "two thousand lines"
run 2 "$nexus" fleet log caja -n 2001

say "one command: output, errors, input, exit status"
run 0 "$nexus" fleet shell caja -- echo "a b" "it's"
[ "$(cat "$T/out")" = "a b it's" ] || fail "arguments"
run 7 "$nexus" fleet shell caja 'echo wrong >&2; exit 7'
err_has wrong
# shellcheck disable=SC2016
run 255 "$nexus" fleet shell caja 'kill -9 $$'
head -c 3000000 /dev/urandom >"$T/big"
timeout 60 "$nexus" fleet shell caja cat <"$T/big" >"$T/out" 2>"$T/err" || fail "cat"
cmp "$T/big" "$T/out" || fail "three megabytes came back changed"
# shellcheck disable=SC2016
timeout 60 "$nexus" fleet shell caja <<<'echo "$0 here"; exit 3' >"$T/out" 2>"$T/err" && fail "exit"
out_has "bash here"

say "a terminal"
if command -v script >/dev/null; then
	printf 'tty; stty size; exit 4\r' >"$T/typed"
	status=0
	timeout 60 script -qec "stty cols 91 rows 17; exec '$nexus' fleet shell caja" /dev/null \
		<"$T/typed" >"$T/out" 2>"$T/err" || status=$?
	[ $status = 4 ] || fail "exit status $status through the terminal"
	out_has "/dev/pts/"
	out_has "17 91"
fi

say "a connection that breaks in the middle"
# shellcheck disable=SC2016
run 255 "$nexus" fleet shell caja 'kill -9 $PPID'
err_has "the connection broke while the shell was open"

say "names, addresses, exports"
run 0 "$nexus" fleet rename caja tienda
run 2 "$nexus" fleet rename tienda "a/b"
run 0 "$nexus" fleet move tienda "localhost:$(cat "$T/caja/port")"
run 0 "$nexus" fleet status tienda
run 0 "$nexus" fleet move tienda "$(address caja)"
run 0 "$nexus" fleet shell tienda true
run 0 "$nexus" fleet shell "$(cut -c1-6 "$T/caja/id")" true
run 2 "$nexus" fleet export
run 0 "$nexus" fleet export --known-hosts
cp "$T/out" "$NEXUS_HOME/known_hosts"
run 0 "$nexus" fleet export --ssh-config
cp "$T/out" "$T/ssh_config"
run 0 ssh -F "$T/ssh_config" -o BatchMode=yes tienda shell "echo through ssh"
out_has "through ssh"
run 0 "$nexus" fleet export --ansible
jq -e '.nexus.hosts == ["tienda"]' "$T/out" >/dev/null || fail "Ansible's inventory"
