#!/bin/bash
# Between sshd and its sftp-server somebody answers late, wrong, short, twice, with garbage, or not
# at all, or loses answers and connections: what may heal does, what can't is a clear error in
# bounded time, and nothing wrong is ever stored or given out.
# timeout: 600
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
[ "$(id -u)" = 0 ] || stores_skip "needs root, to start sshd"
[ -x /usr/sbin/sshd ] || stores_skip "needs sshd"
unshare -m true 2>/dev/null || stores_skip "needs a mount namespace"
for sftp_server in /usr/lib/openssh/sftp-server ''; do [ ! -x "$sftp_server" ] || break; done
[ -n "$sftp_server" ] || stores_skip "needs OpenSSH's sftp-server"
restic=$(restic_peers_new || restic_peers_old) || restic=
port=$(stores_free_port)
control=$T/control
stores_subsystem="$SRC/tests/integ/stores/sftp-faults $sftp_server $control"
: >"$control"
stores_sshd "$T/box" "$port"
mkdir "$T/src"
for i in 1 2 3; do head -c 700000 /dev/urandom >"$T/src/r$i"; done
for i in $(seq 1 40); do echo "file $i" >"$T/src/small-$i"; done
direct=$T/files/repo
NBC=$NB
NB=$T/nb
printf '#!/bin/sh\nexec "%s" --no-cache -o "sftp.config=%s/box/ssh_config" "$@"\n' "$NBC" "$T" >"$NB"
chmod +x "$NB"
export RESTIC_REPOSITORY=sftp:box:$direct
# misbehave RULE...: see sftp-faults.
misbehave() {
	rm -f "$control.count"
	printf '%s\n' "$@" >"$control"
}

# What heals: lost answers to what saves, moves and removes, lost connections, short reads and so on.
"$NB" init -q || backup_die "init"
misbehave 'lost 23 6' 'lost 11 200' 'lost 5 13' 'cut 29 3' 'late 9 5 0.3' 'twice 11 17' 'short 1 5'
"$NB" backup -q "$T/src" || backup_die "backup"
head -c 700000 /dev/urandom >"$T/src/r2"
"$NB" backup -q "$T/src" || backup_die "second backup"
"$NB" forget -q --keep-last 1 --prune --max-unused 0 || backup_die "forget --prune"
"$NB" restore -q latest --target "$T/out" || backup_die "restore"
diff -r "$T/src" "$T/out$T/src" || backup_die "other files"
for n in 23 11 5 29 9 11 1; do echo "$n"; done >"$T/every"
tr ' ' '\n' <"$control.count" | paste -d ' ' - "$T/every" | while read -r count every; do
	[ "$count" -ge "$every" ] || echo "$every"
done >"$T/missed"
[ ! -s "$T/missed" ] || backup_die "faults that did not come: $(cat "$T/missed"), of $(cat "$control.count")"
[ "$("$NBC" -r "$direct" snapshots --json | jq length)" = 1 ] || backup_die "not one snapshot"
"$NBC" -r "$direct" check -q --read-data || backup_die "check"
[ -z "$(ls "$direct/locks")" ] || backup_die "locks were left"
"$NBC" -r "$direct" prune --json --max-unused 0 | tail -n 1 | grep -q '"total_freed_bytes":0,' ||
	backup_die "prune left something"
[ -z "$restic" ] || RESTIC_REPOSITORY=$direct stores_restic_check "$restic"
echo "ok: healed, $(cat "$control.count")"

# What does not heal: an end in bounded time, one sentence, nothing wrong.
for fault in 'silent 1 5' 'late 1 5 30' 'garbage 1 5' 'wrong 1 5' 'cut 1 5' 'silent 1 6' 'lost 1 6' 'garbage 1 3'; do
	misbehave "$fault"
	started=$SECONDS
	rm -rf "$T/out"
	case $fault in
	*' 6') head -c 1000000 /dev/urandom >"$T/src/new"
		"$NB" -o net.timeout=1s -o net.retry-for=1s backup -q "$T/src" >/dev/null 2>"$T/stderr" ;;
	*) "$NB" -o net.timeout=1s -o net.retry-for=1s restore -q latest --target "$T/out" \
		>/dev/null 2>"$T/stderr" ;;
	esac
	code=$?
	[ $((SECONDS - started)) -le 90 ] || backup_die "$fault: told after $((SECONDS - started)) s"
	[ "$code" = 1 ] || backup_die "$fault: exit $code: $(cat "$T/stderr")"
	[ "$(grep -c '^nexus-backup: ' "$T/stderr")" = 1 ] || backup_die "$fault: not one sentence: $(cat "$T/stderr")"
	[ -z "$(find "$T/out" -type f -size +0 2>/dev/null)" ] || backup_die "$fault: something was given out"
	[ "$(find "$direct/snapshots" -type f | wc -l)" = 1 ] || backup_die "$fault: snapshots"
done
"$NBC" -r "$direct" check -q --read-data || backup_die "check after what was told"
echo "ok: told"
: >"$control"
"$NB" unlock -q || backup_die "unlock"
"$NB" backup -q "$T/src" || backup_die "the next run"
rm -rf "$T/out"
"$NBC" -r "$direct" restore -q latest --target "$T/out" || backup_die "restore at the end"
diff -r "$T/src" "$T/out$T/src" || backup_die "other files at the end"
[ -z "$(find "$direct" -name '.nexus-*')" ] || echo "note: temporary files of lines that broke: $(find "$direct" -name '.nexus-*' | wc -l)"
exit 0
