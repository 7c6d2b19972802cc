#!/bin/bash
# Repositories that were made to harm, by test-hostile.c: each verb says in one sentence what is
# wrong and goes on where it can, in bounded time and memory. And a restore that has no room is
# refused before it writes, but not for what is there already.
# timeout: 300
# parallel: yes
set -u
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ LC_ALL=C.UTF-8 RESTIC_CACHE_DIR=$T/cache
mkdir "$T/src"
echo content >"$T/src/file"
# harm KIND: a repository with it, and with a good snapshot before that.
harm() {
	export RESTIC_REPOSITORY=$T/$1
	"$NB" init -q || backup_die "init"
	"$NB" backup -q "$T/src" || backup_die "backup"
	"$BUILD/tests/integ/test-hostile" "$RESTIC_REPOSITORY" "$1" || backup_die "make $1"
}
# expect MIB CODE TEXT VERB...
expect() {
	local mib=$1 code=$2 text=$3 peak is
	shift 3
	timeout 60 python3 "$SRC/ci/bench.d/measure" "$T/log" "$NB" -q "$@" >"$T/figures"
	is=$?
	[ $is = "$code" ] || backup_die "${RESTIC_REPOSITORY##*/}: $*: exit $is: $(head -c 500 "$T/log")"
	[ -z "$text" ] || grep -q -e "$text" "$T/log" ||
		backup_die "${RESTIC_REPOSITORY##*/}: $* does not say '$text': $(head -c 500 "$T/log")"
	peak=$(cut -d , -f 4 "$T/figures")
	[ "$peak" -le $((mib * 1024)) ] || backup_die "$*: peak of $peak KiB"
}
# good [MIB]: the good snapshot is still there to be restored.
good() {
	local id
	id=$("$NB" snapshots --json --path "$T/src" 2>/dev/null | jq -r 'arrays | .[0].short_id')
	expect "${1:-64}" 0 '' restore "$id" -t "$T/good"
	cmp "$T/src/file" "$T/good$T/src/file" || backup_die "the good snapshot"
	rm -rf "$T/good"
}

harm wide
for more in "" --dry-run; do
	expect 64 1 'at least' restore latest -t "$T/out" ${more:+"$more"}
	grep -q 'there is room for' "$T/log" || backup_die "restore: $(cat "$T/log")"
	[ -z "$(find "$T/out" -mindepth 1)" ] || backup_die "it wrote"
done
for verb in check "stats --mode raw-data" "stats --mode files-by-contents" \
	"stats --mode blobs-per-file" "diff latest latest" "prune --dry-run" "repair snapshots"; do
	# shellcheck disable=SC2086 # these are words
	expect 64 0 '' $verb
done
[ "$("$NB" stats latest --json | jq .total_file_count)" = $((2 ** 40 * 3 - 2)) ] ||
	backup_die "stats counts $("$NB" stats latest --json)"
# What is as long as there are paths takes no more memory for it, and ends when it is told to.
for verb in ls "find nothing" "restore -t $T/out --no-space-check --dry-run"; do
	# shellcheck disable=SC2086 # these are words
	set -- $verb
	(
		[ "$1" = find ] || set -- "$1" latest "${@:2}"
		ulimit -v 600000 # KiB, of which most is never touched
		exec timeout -k 20 -s INT 2 "$NB" -q "$@" >"$T/long" 2>"$T/log"
	)
	code=$?
	if [ $code != 124 ] || ! grep -q interrupted "$T/log"; then
		backup_die "$verb: exit $code: $(cat "$T/log")"
	fi
done
good
echo "ok: 2^40 paths"

harm large
for verb in check "ls latest" "repair snapshots --dry-run" "restore latest -t $T/out"; do
	code=1 text='too large and too deep'
	[ "${verb%% *}" != repair ] || code=0 text=''
	# shellcheck disable=SC2086 # these are words
	expect 320 $code "$text" $verb
done
rm -rf "$T/out"
expect 64 0 '' prune
good
echo "ok: folders of a MiB in each other"

harm index-bomb
expect 192 1 'index files are damaged' check
expect 192 1 'holds more than 134217728 bytes' restore latest -t "$T/out"
expect 192 0 '' repair index
expect 64 0 '' check
good
harm index-window
expect 64 1 'index files are damaged' check
expect 64 1 'too much memory' prune
expect 64 0 '' repair index
good
harm index-lie
expect 64 1 'the index gives it 4294967295 bytes' restore latest -t "$T/out"
expect 64 1 'the index gives it 4294967295 bytes' ls latest
expect 64 1 'the index gives it 4294967295 bytes' check --read-data
good
echo "ok: indexes"

harm snapshot-bomb
expect 64 1 'holds more than 16777216 bytes' check
expect 64 1 'a snapshot is damaged' prune
good
harm snapshot-flood
expect 384 1 'together have more than' check
good 384
harm lock-bomb
expect 64 1 'holds more than 65536 bytes' check
expect 64 0 '' unlock --remove-all
good
harm pack-lie
expect 64 0 '' check --read-data
expect 64 0 '' repair index
good
echo "ok: snapshots, locks and packs"

# A target that is too small, and the same once most of it is there.
mkdir "$T/small"
if [ "$(id -u)" != 0 ] ||
	! mount -t tmpfs -o size=40m,nr_inodes=100 tmpfs "$T/small" 2>/dev/null; then
	echo "note: no small file system can be mounted here"
	exit 0
fi
trap 'umount "$T/small"' EXIT
export RESTIC_REPOSITORY=$T/room
"$NB" init -q
head -c 30000000 /dev/urandom >"$T/src/noise"
head -c 10000000 /dev/urandom >"$T/src/more"
truncate -s 100M "$T/src/zeros"
"$NB" backup -q "$T/src" || backup_die "backup"
expect 64 0 '' restore "latest:$T/src" -t "$T/small"
[ -s "$T/small/noise" ] || backup_die "not restored"
head -c 10000000 /dev/zero >>"$T/small/noise" 2>"$T/log" # nothing is free now, but it needs no more
expect 64 0 '' restore "latest:$T/src" -t "$T/small"
cmp "$T/src/noise" "$T/small/noise" || backup_die "restored other bytes"
rm "$T/small/noise"
head -c 15000000 /dev/urandom >"$T/small/foreign"
expect 64 1 'needs at least 290[0-9][0-9] KiB' restore "latest:$T/src" -t "$T/small"
[ ! -e "$T/small/noise" ] || backup_die "it wrote"
expect 64 0 '' restore "latest:$T/src" -t "$T/small" --exclude noise
# How much room deleting makes nobody knows before.
expect 64 1 'No space left on device' restore "latest:$T/src" -t "$T/small" --delete
expect 64 1 'No space left on device' restore "latest:$T/src" -t "$T/small/again" --no-space-check
rm -rf "$T/small"/*
for i in $(seq 200); do echo "$i" >"$T/src/f$i"; done
"$NB" backup -q "$T/src" || backup_die "backup"
expect 64 1 'names, there is room for' restore "latest:$T/src" -t "$T/small"
[ -z "$(ls -A "$T/small")" ] || backup_die "it wrote"
echo "ok: a small target"
exit 0
