#!/bin/bash
# A full disk in the middle of prune, copy, tag and repair, at random points: one clear error,
# nothing that is acknowledged is lost, and with room again the next run goes on. Needs a small
# file system, so root.
# timeout: 300
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export LC_ALL=C.UTF-8 RESTIC_PASSWORD=integ RESTIC_FROM_PASSWORD=integ TZ=UTC
RANDOM=${SEED:-4711}
mkdir "$T/small" "$T/src"
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=100m tmpfs "$T/small" 2>/dev/null; then
	echo "SKIP: a small file system can't be mounted here"
	exit 77
fi
trap 'umount "$T/small"' EXIT
repo=$T/small/repo
"$NB" -r "$T/master" init -q || backup_die "init"
for i in 1 2 3 4; do
	for k in 1 2 3 4; do head -c 1000000 /dev/urandom >"$T/src/r$((i * k % 5))"; done
	"$NB" -r "$T/master" backup -q "$T/src" || backup_die "backup"
done
"$NB" -r "$T/master" forget -q --keep-last 2 || backup_die "forget"
trees() { "$NB" --no-lock -r "$1" snapshots --json | jq -r '.[] | .time + " " + .tree' | sort; }
run() {
	case $1 in
	prune) "$NB" -r "$repo" prune -q --max-unused 0 ;;
	copy) "$NB" -r "$repo" copy -q --from-repo "$T/master" ;;
	tag) "$NB" -r "$repo" tag -q --add x ;;
	index) "$NB" -r "$repo" repair -q --read-all-packs index ;;
	esac
}
full=0
for round in $(seq 1 5); do
	for op in prune copy tag index; do
		rm -rf "${T:?}/small"/*
		mount -o remount,size=100m "$T/small"
		if [ $op = copy ]; then "$NB" -r "$repo" init -q; else cp -a "$T/master" "$repo"; fi
		# Room for a random part of what it writes.
		case $op in
		tag | index) room=$((4 * (RANDOM % 4))) ;;
		prune) room=$((4 + RANDOM % 700)) ;;
		copy) room=$((4 + RANDOM % 4000)) ;;
		esac
		free=$(($(stat -f -c '%a * %S' "$T/small") - room * 1024))
		head -c "$free" /dev/zero >"$T/small/filler"
		if run $op >"$T/out" 2>&1; then
			code=0
		else
			code=$?
			full=$((full + 1))
			grep -q 'No space left on device' "$T/out" || backup_die "$op: $(cat "$T/out")"
			[ "$(grep -c 'nexus-backup:' "$T/out")" = 1 ] || backup_die "$op: $(cat "$T/out")"
			[ $code = 1 ] || backup_die "$op: exit $code"
		fi
		"$NB" -r "$repo" --no-lock check -q >"$T/out" 2>&1 ||
			backup_die "round $round, $op, $room KiB: check of a full place: $(cat "$T/out")"
		[ $op = copy ] || [ -z "$(comm -23 <(trees "$T/master") <(trees "$repo"))" ] ||
			backup_die "$op: snapshots are gone"
		rm -f "$T/small/filler"
		run $op >"$T/out" 2>&1 || backup_die "$op with room again: $(cat "$T/out")"
		"$NB" -r "$repo" check -q --read-data || backup_die "$op: check after it"
		[ "$(trees "$T/master")" = "$(trees "$repo")" ] || backup_die "$op: snapshots differ"
	done
done
[ "$full" -ge 5 ] || backup_die "only $full runs met a full disk"
if restic=$(restic_peers_new || restic_peers_old); then
	"$restic" -r "$repo" check --no-cache --read-data >/dev/null || backup_die "restic's check"
fi
echo "ok: $full runs met a full disk, seed ${SEED:-4711}"
exit 0
