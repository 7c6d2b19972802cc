#!/bin/bash
# A backup that is killed goes on at its last checkpoint: what it says is not read again, counted
# in bytes; nobody sees a snapshot before there is a whole one; one that is damaged, foreign or
# pruned away costs time, nothing else. Replayable by SEED; KILLS: how many random ones (8).
# timeout: 400
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
reads=$BUILD/tests/integ/libtest-reads.so
kill_at=$BUILD/tests/integ/libtest-kill-at.so
export LC_ALL=C.UTF-8 RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/repo RESTIC_CACHE_DIR=$T/cache TZ=UTC
export READS_BELOW=$T/src/
RANDOM=${SEED:-4711}
KILLS=${KILLS:-8}
restic=$(restic_peers_new || restic_peers_old) || restic=
cd "$T" || exit 1
for folder in a b/c b/d e; do
	mkdir -p "src/$folder"
	for i in $(seq 1 6); do head -c 300000 /dev/urandom >"src/$folder/f$i"; done
	for i in $(seq 1 20); do echo "$folder $i" >"src/$folder/small$i"; done
done
head -c 12000000 /dev/urandom >src/b/large
total=$(find src -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
checkpoints() { find cache -path '*/checkpoints/*' -type f ! -name '*.tmp' 2>/dev/null; }
start() {
	rm -rf repo cache
	"$NB" init -q || backup_die "init"
}
killed_at() { # file under src at whose reading it is killed; more arguments
	local file=$1
	shift
	# Slow enough for a checkpoint in between.
	READS_SLOW=2000 READS_KILL=$T/src/$file LD_PRELOAD=$reads "$NB" backup -q --checkpoint 1ms "$@" "$T/src" >out 2>&1
	[ $? = 137 ] || backup_die "it was not killed at $file: $(cat out)"
}
go_on() { # sets resumed, was_read and notes
	READS_COUNT=$T/count LD_PRELOAD=$reads "$NB" backup --json "$@" "$T/src" >out 2>err ||
		backup_die "the next run: $(cat out err)"
	was_read=$(cat count)
	resumed=$(jq 'select(.message_type == "summary") | .bytes_resumed' out)
	notes=$(jq -r 'select(.message_type == "note") | .text' out)
	[ "$(jq 'select(.message_type == "summary") | .total_bytes_processed' out)" = "$total" ] ||
		backup_die "it is not about all: $(cat out)"
	[ $((was_read + resumed)) = "$total" ] ||
		backup_die "$was_read bytes were read and $resumed taken over, of $total"
	[ -z "$(find cache -path '*/checkpoints/*')" ] || backup_die "the checkpoint stays behind"
}
whole() {
	rm -rf tree
	"$NB" restore -q "latest:$T/src" --target tree || backup_die "restore"
	diff -r src tree || backup_die "it is restored otherwise"
	"$NB" check -q --read-data || backup_die "check"
	[ -z "$restic" ] || "$restic" check -q --no-cache --read-data || backup_die "restic's check"
}

# Killed in the last folder: nearly all is taken over. Until then nobody sees a snapshot.
start
killed_at e/f6
[ -n "$(checkpoints)" ] || backup_die "no checkpoint was made"
[ "$("$NB" --no-lock snapshots --json)" = "[]" ] || backup_die "there is a snapshot"
"$NB" --no-lock restore latest --target no >/dev/null 2>&1 && backup_die "half a backup is the latest"
"$NB" --no-lock check -q || backup_die "check of an interrupted backup"
if [ -n "$restic" ]; then
	[ "$("$restic" --no-cache --no-lock snapshots --json)" = "[]" ] ||
		backup_die "restic sees a snapshot"
	"$restic" --no-cache --no-lock check -q || backup_die "restic's check of an interrupted backup"
fi
go_on
[ "$was_read" -lt 2000000 ] || backup_die "$was_read bytes were read again"
[ -z "$notes" ] || backup_die "a note: $notes"
whole

# At random moments: whatever call that changes files is the last one.
start
LD_PRELOAD="$kill_at $reads" READS_SLOW=2000 KILL_COUNT=$T/calls "$NB" backup -q --checkpoint 1ms "$T/src" || backup_die "backup"
calls=$(cat calls)
most=0
for kill in $(seq 1 "$KILLS"); do
	start
	at=$((1 + calls / 10 + RANDOM % (calls * 7 / 10)))
	LD_PRELOAD="$kill_at $reads" READS_SLOW=2000 KILL_AT=$at "$NB" backup -q --checkpoint 1ms "$T/src" >out 2>&1
	code=$?
	what="kill $kill at call $at of $calls, seed ${SEED:-4711}"
	if [ $code = 0 ]; then # there were fewer calls this time
		continue
	fi
	[ $code = 137 ] || backup_die "$what: exit $code"
	"$NB" --no-lock check -q || backup_die "$what: check"
	go_on
	[ -z "$notes" ] || backup_die "$what: a note: $notes"
	[ "$resumed" -le "$most" ] || most=$resumed
	whole
done
[ "$most" -gt $((total / 4)) ] || backup_die "at most $most bytes were taken over"

# A large file in the middle: it is read again, but what is stored of it is not stored again.
start
"$NB" backup --json --checkpoint 1ms "$T/src" >out 2>&1 &
pid=$!
for _ in $(seq 1 2000); do
	[ "$(du -s repo/data | cut -f 1)" -lt 9000 ] || break
	kill -0 "$pid" 2>/dev/null || break
done
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
stored=$(du -s --apparent-size --block-size=1 repo/data | cut -f 1)
if [ -z "$(ls repo/snapshots)" ]; then
	go_on
	added=$(jq 'select(.message_type == "summary") | .data_added_packed' out)
	[ "$added" -lt $((total - stored / 2)) ] || backup_die "$added bytes were stored again, $stored were"
	whole
fi

# Interrupted by hand: all that was done is in the checkpoint, however rare they are.
start
"$NB" backup --json --limit-upload 2000 "$T/src" >out 2>err &
pid=$!
sleep 2
kill -TERM "$pid"
wait "$pid"
code=$?
if [ "$code" = 130 ]; then
	[ -n "$(checkpoints)" ] || backup_die "interrupted: there is no checkpoint"
	go_on
	[ "$resumed" -gt 0 ] || backup_die "interrupted: nothing is taken over"
	whole
else
	[ "$code" = 0 ] || backup_die "interrupted: exit $code"
fi

# Of no use: told, and all is read.
damage() {
	local file
	file=$(checkpoints)
	case $1 in
	torn) truncate -s 100 "$file" ;;
	empty) truncate -s 0 "$file" ;;
	garbage) head -c 300 /dev/urandom >"$file" ;;
	folder) rm "$file" && mkdir "$file" ;;
	pruned) "$NB" prune -q --max-unused 0 || backup_die "prune" ;;
	esac
}
for kind in torn empty garbage folder pruned; do
	start
	killed_at e/f3
	damage $kind
	if [ $kind = folder ]; then
		"$NB" backup -q --checkpoint 1ms "$T/src" >out 2>&1 || backup_die "$kind: $(cat out)"
		grep -q 'note: use checkpoint.*goes on without it' out || backup_die "$kind: $(cat out)"
	else
		go_on
		[ "$resumed" = 0 ] || backup_die "$kind: $resumed bytes were taken over"
		[ "$(echo "$notes" | grep -c 'use checkpoint')" = 1 ] || backup_die "$kind: notes: $notes"
	fi
	whole
done

# Not asked for: --force reads all again, and with 0 there is none.
start
killed_at e/f3
go_on --force
[ "$resumed" = 0 ] || backup_die "--force: $resumed bytes were taken over"
start
READS_KILL=$T/src/e/f3 LD_PRELOAD=$reads NEXUS_BACKUP_CHECKPOINT=0 "$NB" backup -q "$T/src" >out 2>&1
[ -z "$(checkpoints)" ] || backup_die "0: there is a checkpoint"
"$NB" backup -q --checkpoint soon "$T/src" >out 2>&1 && backup_die "--checkpoint soon"
grep -q -e '--checkpoint' out || backup_die "--checkpoint soon: $(cat out)"

# A file that changed since, with its old size and time, is read again.
start
killed_at e/f6
touch -r src/b/c/f2 stamp
head -c 300000 /dev/urandom >src/b/c/f2
touch -r stamp src/b/c/f2
go_on
[ "$was_read" -ge 300000 ] || backup_die "a changed file was not read"
whole
echo "ok: $KILLS kills, seed ${SEED:-4711}, at most $most of $total bytes were taken over"
exit 0
