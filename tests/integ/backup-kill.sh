#!/bin/bash
# kill -9 at random moments of a backup, replayable by SEED: after each, restic's check and ours
# are clean, what was acknowledged is there, and the next run goes on.
# timeout: 400
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/repo RESTIC_CACHE_DIR=$T/cache
RANDOM=${SEED:-4711}
KILLS=${KILLS:-20}
restic=$(restic_peers_new || restic_peers_old) || restic=
mkdir -p "$T/src"
for i in $(seq 1 24); do head -c 4000000 /dev/urandom >"$T/src/base-$i"; done
for i in $(seq 1 400); do echo "file $i" >"$T/src/small-$i"; done
"$NB" init -q || backup_die "init"
"$NB" backup -q "$T/src" || backup_die "first backup"
cp -r "$T/src" "$T/acknowledged"
first=$("$NB" snapshots --json | grep -o '"short_id":"[0-9a-f]*"' | cut -d '"' -f 4)
snapshots=1
killed=0
round=0
while [ "$killed" -lt "$KILLS" ]; do
	round=$((round + 1))
	[ "$round" -le $((KILLS * 3)) ] || backup_die "only $killed of $round runs could be killed"
	head -c 3000000 /dev/urandom >"$T/src/new-$((round % 12))"
	"$NB" backup -q "$T/src" >"$T/out.log" 2>&1 &
	pid=$!
	sleep "0.$(printf '%03d' $((RANDOM % 700)))"
	if kill -9 "$pid" 2>/dev/null; then
		wait "$pid" 2>/dev/null
		code=$?
	else
		wait "$pid"
		code=$?
	fi
	if [ "$code" = 0 ]; then
		snapshots=$((snapshots + 1)) # it was done before the kill: acknowledged
	elif [ "$code" = 137 ]; then
		killed=$((killed + 1))
	else
		cat "$T/out.log"
		backup_die "round $round: exit $code"
	fi
	# Every other time restic looks first, at the lock of the dead process too.
	if [ -n "$restic" ] && [ $((round % 4)) = 0 ]; then
		"$restic" unlock -q --no-cache
		"$restic" check --no-cache >"$T/check.log" 2>&1 || {
			cat "$T/check.log"
			backup_die "round $round: restic's check"
		}
	fi
	if [ $((round % 4)) = 2 ]; then
		"$NB" check -q || backup_die "round $round: our check"
	fi
	found=$("$NB" snapshots --json | grep -o '"short_id"' | wc -l)
	[ "$found" -ge "$snapshots" ] || backup_die "round $round: $found snapshots, $snapshots acknowledged"
	snapshots=$found
done
"$NB" backup -q "$T/src" || backup_die "the last run"
"$NB" check -q --read-data || backup_die "the last check"
[ -z "$restic" ] || "$restic" check --no-cache --read-data >"$T/check.log" 2>&1 || backup_die "restic's last check"
"$NB" restore -q latest --target "$T/out" || backup_die "the last restore"
diff -r "$T/src" "$T/out$T/src" || backup_die "the last restore differs"
"$NB" restore -q "$first:$T/src" --target "$T/out-first" || backup_die "restore of the first"
diff -r "$T/acknowledged" "$T/out-first" || backup_die "the first snapshot differs"
[ -z "$(find "$T/repo" -name '.nexus-*')" ] || backup_die "temporary files were left"
[ -z "$(ls -A "$T/repo/locks")" ] || backup_die "locks were left"
echo "ok: $killed kills in $round runs, $snapshots snapshots, seed ${SEED:-4711}"
exit 0
