#!/bin/bash
# A full disk: one clear error, exit 1, nothing that was acknowledged is lost, and with room
# again the next run goes on. Needs a small file system, so root.
# timeout: 200
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export LC_ALL=C.UTF-8 RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/small/repo RESTIC_CACHE_DIR=$T/cache
mkdir "$T/small" "$T/src"
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=40m tmpfs "$T/small" 2>/dev/null; then
	echo "SKIP: a small file system can't be mounted here"
	exit 77
fi
trap 'umount "$T/small"' EXIT
"$NB" init -q || backup_die "init"
head -c 15000000 /dev/urandom >"$T/src/first"
"$NB" backup -q "$T/src" || backup_die "first backup"
head -c 60000000 /dev/urandom >"$T/src/second"
"$NB" backup "$T/src" >"$T/stdout" 2>"$T/stderr"
code=$?
[ "$code" = 1 ] || backup_die "full disk: exit $code"
grep -q 'No space left on device' "$T/stderr" || backup_die "it does not say why"
[ "$(grep -c 'nexus-backup:' "$T/stderr")" = 1 ] || {
	cat "$T/stderr"
	backup_die "more than one sentence"
}
[ "$("$NB" --no-lock snapshots --json | grep -o short_id | wc -l)" = 1 ] || backup_die "snapshots"
"$NB" --no-lock check -q || backup_die "check of a full repository"
rm -rf "$T/out"
"$NB" --no-lock restore -q latest --target "$T/out" || backup_die "restore from a full disk"
cmp "$T/src/first" "$T/out$T/src/first" || backup_die "what was acknowledged is gone"
mount -o remount,size=200m "$T/small" || backup_die "remount"
"$NB" backup -q "$T/src" || backup_die "the next run"
"$NB" check -q --read-data || backup_die "check after it"
if restic=$(restic_peers_new || restic_peers_old); then
	"$restic" check --no-cache --read-data >/dev/null || backup_die "restic's check"
fi
# A full target while restoring.
mount -o remount,size=100m "$T/small"
"$NB" restore latest --target "$T/small/out" >"$T/stdout" 2>"$T/stderr"
code=$?
[ "$code" = 1 ] || backup_die "restore to a full disk: exit $code"
grep -q 'No space left' "$T/stderr" || backup_die "restore does not say why"
echo "ok: a full disk"
exit 0
