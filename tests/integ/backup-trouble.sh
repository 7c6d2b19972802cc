#!/bin/bash
# What goes wrong, and what is said then: exit codes and one clear sentence each.
# timeout: 200
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export LC_ALL=C.UTF-8 RESTIC_REPOSITORY=$T/repo RESTIC_CACHE_DIR=$T/cache
echo right >"$T/password"
export RESTIC_PASSWORD_FILE=$T/password
mkdir -p "$T/src/dir"
echo a >"$T/src/a"
echo b >"$T/src/dir/b"

expect 10 'there is none at this place\|No such file' "$NB" snapshots
mkdir "$T/empty"
expect 10 'there is none at this place' "$NB" -r "$T/empty" snapshots
"$NB" init -q || backup_die "init"
expect 1 'already holds' "$NB" init
echo wrong >"$T/wrong"
expect 12 'wrong password' "$NB" -p "$T/wrong" snapshots
expect 1 'not among the places' "$NB" -r b2:bucket snapshots
expect 1 'nothing\|No such file' "$NB" backup "$T/missing"
expect 1 'say what' "$NB" backup # as restic
expect 2 'Did you mean' "$NB" bakcup
"$NB" backup -q "$T/src" || backup_die "backup"
expect 1 'there is none' "$NB" restore abcdef --target "$T/out"
expect 1 'say where to' "$NB" restore latest
expect 1 'is not in the snapshot' "$NB" ls latest:/nowhere

# JSON: progress, summary and errors.
"$NB" backup --json --force "$T/src" >"$T/json" || backup_die "backup --json"
head -n 1 "$T/json" | grep -q '"message_type":"status","percent_done":' || backup_die "no status"
tail -n 1 "$T/json" | grep -q '"message_type":"summary".*"snapshot_id":"[0-9a-f]\{64\}"' ||
	backup_die "no summary"
"$NB" --json -p "$T/wrong" snapshots >"$T/json" 2>/dev/null
[ $? = 12 ] || backup_die "wrong password as JSON"
grep -q '"message_type":"error","kind":"denied","text":".*wrong password' "$T/json" ||
	backup_die "no error as JSON"

# Unreadable sources: told, left out, exit 3. Root reads everything, so somebody else tries.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir "$T/nobody"
	cp -r "$T/src" "$T/nobody/src"
	chmod 000 "$T/nobody/src/a" "$T/nobody/src/dir"
	echo c >"$T/nobody/src/c"
	cp "$T/password" "$T/nobody/password"
	chown -R 65534:65534 "$T/nobody"
	chmod 755 "$T" "$T/nobody"
	as_nobody() {
		setpriv --reuid=65534 --regid=65534 --clear-groups "$NB" -r "$T/nobody/repo" \
			-p "$T/nobody/password" "$@"
	}
	as_nobody init -q || backup_die "init as nobody"
	expect 3 'src/a: open it: Permission denied' as_nobody backup "$T/nobody/src"
	grep -q 'src/dir: open it: Permission denied' "$T/stderr" || backup_die "an unreadable folder is not told"
	as_nobody ls latest | grep -q 'src/c$' || backup_die "what is readable is not there"
	as_nobody ls latest | grep -q 'src/a$' && backup_die "an unreadable file is there"
	as_nobody backup --json "$T/nobody/src" | grep -q '"message_type":"error".*"item":".*src/a"' ||
		backup_die "no error about a file as JSON"
fi

# Locks: another host's exclusive lock stops us; our own dead process's does not.
if restic=$(restic_peers_new || restic_peers_old); then
	"$restic" -q check --no-cache --read-data >/dev/null 2>&1 || backup_die "restic's check"
fi
wait_for_lock() {
	for _ in $(seq 1 1000); do
		[ -z "$(ls "$T/repo/locks")" ] || return 0
		sleep 0.02
	done
	backup_die "no lock was taken"
}
head -c 60000000 /dev/urandom >"$T/src/large"
"$NB" backup -q "$T/src" &
pid=$!
wait_for_lock
kill -9 "$pid"
wait "$pid" 2>/dev/null
[ -n "$(ls "$T/repo/locks")" ] || backup_die "the backup was over before it was killed"
"$NB" check -q || backup_die "a dead process's lock is in the way"
[ -z "$(ls "$T/repo/locks")" ] || backup_die "a dead process's lock was left"
head -c 60000000 /dev/urandom >"$T/src/large2"
"$NB" backup -q "$T/src" &
pid=$!
wait_for_lock
kill -STOP "$pid" # it holds the lock for as long as we look
expect 11 'locked by process' "$NB" check
if [ -n "$restic" ]; then
	if "$restic" check --no-cache >/dev/null 2>&1; then
		kill -CONT "$pid"
		backup_die "restic ignores our lock"
	fi
fi
# SIGHUP is how restic finds out whether a lock's process lives: it must not end us.
kill -HUP "$pid"
kill -CONT "$pid"
wait "$pid" || backup_die "the backup with the lock failed"

# An interrupted backup says so, removes its lock and loses nothing.
head -c 200000000 /dev/urandom >"$T/src/larger"
"$NB" backup -q "$T/src" 2>"$T/stderr" &
pid=$!
sleep 0.4
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$code" = 130 ] || [ "$code" = 0 ] || backup_die "interrupted: exit $code"
[ -z "$(ls -A "$T/repo/locks")" ] || backup_die "the lock was left"
"$NB" check -q || backup_die "check after an interruption"
echo "ok: codes and sentences"
exit 0
