#!/bin/bash
# A backup that is killed goes on at its last checkpoint, also within a large file: what it says is
# not read again, counted in bytes; the tree is that of a backup that nobody killed; nobody sees a
# snapshot before there is a whole one; one that is damaged, foreign or pruned away costs time,
# nothing else. Replayable by SEED; KILLS: how many random ones (6).
# timeout: 400
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
. "$SRC/tests/integ/flip.bash"
NB=$BUILD/backup/nexus-backup
reads=$BUILD/tests/integ/libtest-reads.so
kill_at=$BUILD/tests/integ/libtest-kill-at.so
export LC_ALL=C.UTF-8 RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/repo RESTIC_CACHE_DIR=$T/cache TZ=UTC
export READS_BELOW=$T/src/
RANDOM=${SEED:-4711}
KILLS=${KILLS:-6}
restic=$(restic_peers_new || restic_peers_old) || restic=
cd "$T" || exit 1
for folder in a b/c b/d e; do
	mkdir -p "src/$folder"
	for i in $(seq 1 6); do head -c 300000 /dev/urandom >"src/$folder/f$i"; done
	for i in $(seq 1 20); do echo "$folder $i" >"src/$folder/small$i"; done
done
head -c 12000000 /dev/urandom >src/b/large
{ printf 'LUKS\272\276\0\2' && head -c 6000000 /dev/urandom; } >src/b/disk # stored in pages
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
	[ -z "$(find cache -path '*/checkpoints/*' 2>/dev/null)" ] || backup_die "the checkpoint stays behind"
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
# How many checkpoints there were in time is not the same on every machine.
[ "$most" -gt $((total / 10)) ] || backup_die "at most $most bytes were taken over"

# In the middle of a large file, at random places: what was read of it before is not read again,
# but for what came since the last checkpoint; and the tree is the very same.
tree_of_latest() { "$NB" cat tree "latest:$T/src"; }
within() { # file, at which byte, bytes that are stored before it
	local kill="$1 at $2, seed ${SEED:-4711}"
	READS_KILL_AT=$2 killed_at "$1"
	"$NB" --no-lock check -q || backup_die "$kill: check"
	between=$(($2 + $3))
}
for file in b/disk b/large; do
	size=$(stat -c %s "src/$file")
	# In the order of their names, all but the last chunk of what is read at once.
	before=$(cd src && find . -type f | sed 's,^\./,,' | LC_ALL=C sort |
		awk -v stop="$file" '$0 == stop { exit } { print }' | tr '\n' '\0' |
		xargs -0 stat -c %s | awk '{ sum += $1 } END { print sum }')
	start
	within $file $((size / 2 + RANDOM * 10 % (size / 3))) "$before"
	go_on
	# A chunk is up to 8 MiB, what is read at once 1 MiB.
	slack=$((1 << 21))
	[ $file = b/disk ] || slack=$((9 << 20))
	[ "$resumed" -ge $((between - slack)) ] ||
		backup_die "within $file: $resumed bytes are taken over, $between were read"
	[ "$resumed" -gt "$before" ] || backup_die "within $file: nothing of it is taken over"
	[ -z "$notes" ] || backup_die "within $file: a note: $notes"
	whole
	[ -z "$restic" ] || "$restic" --no-cache dump latest "$T/src/$file" | cmp - "src/$file" ||
		backup_die "restic reads other bytes of $file"
	tree=$(tree_of_latest)
	"$NB" backup --json --force "$T/src" >out 2>&1 || backup_die "backup --force"
	[ "$(jq 'select(.message_type == "summary") | .data_blobs' out)" = 0 ] ||
		backup_die "within $file: cut otherwise than by a whole run"
	[ "$(tree_of_latest)" = "$tree" ] || backup_die "within $file: another tree"
done

# It changed in the meantime, with its old time, or grew: it is read from its start.
for change in first-byte grown; do
	start
	READS_KILL_AT=4000000 killed_at b/disk
	cp -p src/b/disk keep
	if [ $change = grown ]; then
		echo more >>src/b/disk
		total=$((total + 5))
	else
		flip src/b/disk 100
		touch -r keep src/b/disk
	fi
	go_on
	[ "$was_read" -ge "$(stat -c %s src/b/disk)" ] || backup_die "$change: $was_read bytes were read"
	whole
	[ $change != grown ] || total=$((total - 5))
	cp -p keep src/b/disk
done

# Without a cache there is none.
start
READS_KILL_AT=4000000 killed_at b/disk --no-cache
go_on
[ "$resumed" = 0 ] || backup_die "--no-cache: $resumed bytes were taken over"

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
	version) sed -i '1s/checkpoint 2$/checkpoint 9/' "$file" ;;
	pruned) "$NB" prune -q --max-unused 0 || backup_die "prune" ;;
	restic-pruned)
		"$restic" unlock -q --no-cache || backup_die "restic unlock"
		"$restic" prune -q --no-cache --max-unused 0 || backup_die "restic prune"
		;;
	esac
}
for kind in torn empty garbage folder version pruned ${restic:+restic-pruned}; do
	start
	READS_KILL_AT=4000000 killed_at b/large
	damage "$kind"
	if [ "$kind" = folder ]; then
		"$NB" backup -q --checkpoint 1ms "$T/src" >out 2>&1 || backup_die "$kind: $(cat out)"
		grep -q 'note: use checkpoint.*goes on without it' out || backup_die "$kind: $(cat out)"
	else
		go_on
		[ "$resumed" = 0 ] || backup_die "$kind: $resumed bytes were taken over"
		[ "$(echo "$notes" | grep -c 'use checkpoint')" = 1 ] || backup_die "$kind: notes: $notes"
		[ "$kind" != version ] || [[ $notes = *'of another version'* ]] ||
			backup_die "$kind: notes: $notes"
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
