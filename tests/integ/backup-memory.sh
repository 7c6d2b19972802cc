#!/bin/bash
# Memory stays flat: a folder of 100,000 entries; an index of a million blobs, with room for its
# file and without.
# timeout: 900
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
. "$SRC/tests/integ/flip.bash"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/repo
# Runs a verb and fails unless its peak is at most $1 MiB.
bounded() {
	local mib=$1 peak
	shift
	peak=$(python3 "$SRC/ci/bench.d/measure" "$T/log" "$NB" -q "$@" | cut -d , -f 4)
	[ -n "$peak" ] || backup_die "$*: $(tail -n 3 "$T/log")"
	[ "$peak" -le $((mib * 1024)) ] || backup_die "$*: peak of $peak KiB"
	echo "ok: $* with $((peak / 1024)) MiB"
}
mkdir "$T/src"
seq 1 100000 >"$T/src/a"
"$NB" init -q || backup_die "init"
"$BUILD/tests/integ/test-blobs" "$RESTIC_REPOSITORY" 1000000 || backup_die "a large index"
bounded 64 backup "$T/src"
bounded 64 restore latest --target "$T/out"
cmp "$T/src/a" "$T/out$T/src/a" || backup_die "restored other bytes"
# As many pages as a file has: 65,536, none like another, and the list of them from the parent;
# then a folder of eight such files, half a million ids in one tree.
mkdir "$T/image"
python3 - "$T/image/disk" <<'END'
import os
import sys
disk = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
os.ftruncate(disk, 1 << 30)
os.pwrite(disk, b"LUKS\xba\xbe\0\2", 0)
for page in range(1, 65536):
    os.pwrite(disk, page.to_bytes(8, "big"), page << 14)
END
export RESTIC_REPOSITORY=$T/repo-image NEXUS_PAGE_CHUNKS=16K
"$NB" init -q || backup_die "init"
bounded 64 backup "$T/image"
[ "$("$NB" stats --json --mode raw-data | jq .total_blob_count)" -ge 65536 ] ||
	backup_die "the image is not stored in pages"
touch "$T/image/disk"
bounded 64 backup "$T/image"
for number in 1 2 3 4 5 6 7; do ln "$T/image/disk" "$T/image/disk$number"; done
bounded 64 backup "$T/image"
bounded 64 backup "$T/image"
[ "$("$NB" ls --json latest | jq -s 'map(select(.type == "file").size) | add')" = $((8 << 30)) ] ||
	backup_die "the folder of images is incomplete"
rm -rf "$T/image" "$RESTIC_REPOSITORY"
unset NEXUS_PAGE_CHUNKS
mkdir "$T/huge"
python3 - "$T/huge" <<'END'
import sys
for number in range(100000):
    with open(f"{sys.argv[1]}/entry number {number:06} of a large folder", "w") as file:
        print(number, file=file)
END
export RESTIC_REPOSITORY=$T/repo-huge
"$NB" init -q || backup_die "init"
bounded 64 backup "$T/huge"
bounded 64 backup "$T/huge"
bounded 64 check --read-data
bounded 64 ls latest
[ "$(grep -c 'entry number' "$T/log")" = 100000 ] || backup_die "ls is incomplete"
# restic comes to the very same folder, so each reads the other's.
if restic=$(restic_peers_new); then
	# The folders above are everybody's and change meanwhile.
	folder() {
		local id
		id=$("$restic" snapshots --no-cache --json latest | jq -r '.[-1].id')
		"$restic" cat -q --no-cache tree "$id:$T/huge" | sha256sum
	}
	want=$(folder)
	TZ=UTC "$restic" backup -q --no-cache --force --no-scan "$T/huge" || backup_die "restic's backup"
	[ "$want" != "$(sha256sum </dev/null)" ] || backup_die "restic does not show the large folder"
	[ "$(folder)" = "$want" ] || backup_die "restic has another tree of the large folder"
	"$restic" check -q --no-cache || backup_die "restic's check of the large folder"
fi
if restic=$(restic_peers_old); then
	[ "$("$restic" ls --no-cache latest | grep -c 'entry number')" = 100000 ] ||
		backup_die "restic 0.14 lists it otherwise"
fi
bounded 64 restore latest --target "$T/out-huge"
diff -r "$T/huge" "$T/out-huge$T/huge" || backup_die "the restored folder differs"
rm -rf "$T/huge" "$T/out-huge" "$RESTIC_REPOSITORY"
export RESTIC_REPOSITORY=$T/repo
# The blobs of the large index are not there: check tells, and goes on to the end.
peak=$(python3 "$SRC/ci/bench.d/measure" "$T/log" "$NB" check -q | cut -d , -f 4)
[ "$peak" -le 65536 ] || backup_die "check: peak of $peak KiB"
[ "$(grep -c 'pack is missing' "$T/log")" -ge 1000 ] || backup_die "check misses packs"
# No folder for temporary files: all of it stands in memory, and works.
TMPDIR=/nowhere/at/all bounded 128 backup "$T/src"
# A damaged index file: nothing is stored twice because of it, and check says it.
index=$(find "$RESTIC_REPOSITORY/index" -type f -size +1M | head -n 1)
flip "$index" 5000
"$NB" check -q >"$T/log" 2>&1 && backup_die "check of a damaged index is clean"
grep -q '1 index files are damaged' "$T/log" || backup_die "check: $(head -n 3 "$T/log")"
"$NB" backup -q "$T/src" >"$T/log" 2>&1 && backup_die "backup with a damaged index went well"
exit 0
