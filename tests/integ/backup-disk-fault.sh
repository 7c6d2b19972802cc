#!/bin/bash
# The disk with the temporary files fails while the index stands in a mapped one: a clear error
# and an end instead of a crash, in text and JSON; nothing was stored, and the next run goes on.
# timeout: 300
# parallel: yes
set -u
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/repo TMPDIR=$T
[ "$(id -u)" = 0 ] || {
	echo "skipped: needs root, to cut a file that has no name"
	exit 77
}
"$NB" init -q || backup_die "init"
"$BUILD/tests/integ/test-blobs" "$RESTIC_REPOSITORY" 400000 || backup_die "a large index"
mkfifo "$T/pipe"

# fails OPTION...: a backup waits for its content, with the index loaded; its file is cut.
fails() {
	local pid code map i
	"$NB" "$@" backup --stdin <"$T/pipe" >"$T/stdout" 2>"$T/stderr" &
	pid=$!
	exec 7>"$T/pipe"
	# Once: shared by the kernel for reading, that is the index.
	for i in $(seq 1 300); do
		map=$(awk '$2 == "r--s" && /deleted/ { print $1 }' "/proc/$pid/maps" 2>/dev/null | head -n 1)
		# It sleeps in reading the pipe when all is loaded.
		[ -n "$map" ] && [ -n "$(find "$RESTIC_REPOSITORY/locks" -type f)" ] &&
			grep -qs pipe_read "/proc/$pid/wchan" && break
		sleep 0.1
	done
	[ -n "$map" ] || backup_die "the index is not mapped"
	truncate -s 0 "/proc/$pid/map_files/$map" || backup_die "truncate"
	head -c 3000000 /dev/urandom >&7
	exec 7>&-
	wait "$pid"
	code=$?
	[ "$code" = 1 ] || {
		cat "$T/stderr"
		backup_die "$*: exit $code, not 1"
	}
	grep -q 'read the index: the disk with the temporary files' "$T/stderr" || {
		cat "$T/stderr"
		backup_die "$*: no clear error"
	}
}

fails --quiet
fails --json
jq -es 'map(select(.message_type == "error" and (.text | startswith("read the index")))) | length == 1' \
	"$T/stdout" >/dev/null || backup_die "no JSON: $(cat "$T/stdout")"
[ -z "$(find "$RESTIC_REPOSITORY/snapshots" -type f)" ] || backup_die "a snapshot was stored"
echo content | "$NB" backup -q --stdin || backup_die "the next run"
[ "$("$NB" dump latest /stdin)" = content ] || backup_die "what the next run stored"
[ -z "$(find "$RESTIC_REPOSITORY/locks" -type f)" ] || backup_die "locks were left"
exit 0
