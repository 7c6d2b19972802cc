#!/bin/bash
# Databases and disk images are cut into pages: real ones are recognised, a change costs its
# pages, the way of cutting is kept, restic reads all of it, and both take turns.
# timeout: 900
# parallel: yes
# Where two things must hold, it is the one or the other that fails.
# shellcheck disable=SC2015
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ TZ=UTC RESTIC_CACHE_DIR=$T/cache
unset NEXUS_PAGE_CHUNKS
restic_peers_fetch && new=$(restic_peers_new) || {
	echo "SKIP: no restic here"
	exit 77
}
old=$(restic_peers_old) || old=
cd "$T" || exit 1
mkdir s

# --- real files ---
# sql STATEMENT...: in the database of 8 MiB or so.
sql() {
	python3 - "$@" <<'END'
import sqlite3
import sys
connection = sqlite3.connect("s/base")
for statement in sys.argv[1:]:
    connection.execute(statement)
connection.commit()
END
}
sql 'create table t (i integer primary key, r blob)' \
	'with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
	 insert into t select i, randomblob(2000) from n'
truncate -s 8M s/ext s/fat s/mbr s/gpt
mke2fs -q -F -t ext4 s/ext && mkfs.fat s/fat >mkfs.log && echo 'size=4M' | sfdisk -q s/mbr &&
	printf 'label: gpt\nsize=4M\n' | sfdisk -q s/gpt &&
	dd if=/dev/urandom of=raw bs=1M count=4 status=none &&
	qemu-img convert -f raw -O qcow2 raw s/virtual && rm raw || backup_die "making images"
head -c 3000000 /dev/urandom >s/noise.sqlite
yes 'SQLite format 3' | head -c 3000000 >s/text.img
head -c 900000 s/base >s/small
kinds=$("$BUILD/tests/integ/test-kind" s/{base,ext,fat,mbr,gpt,virtual,noise.sqlite,text.img} | tr '\n' ' ')
[ "$kinds" = "sqlite filesystem filesystem partitions partitions qcow2 none none " ] ||
	backup_die "they are taken for: $kinds"
echo "ok: real files are recognised"

# --- pages, and what a change of some costs ---
# chunks FILE: how many the last snapshot has of it.
chunks() {
	"$NB" cat tree latest:/s |
		jq ".nodes[] | select(.name == \"$1\") | .content | length"
}
# in_pages SIZE FILE...: whether they are cut into pages of that size.
in_pages() {
	local size=$1 file got want
	shift
	for file; do
		got=$(chunks "$file")
		want=$((($(stat -c %s "s/$file") + size - 1) / size))
		[ "$got" = $want ] || backup_die "$file has $got chunks, not $want"
	done
}
# as_restic FILE...: whether they are cut in no pages at all.
as_restic() {
	local file got
	for file; do
		got=$(chunks "$file")
		[ "$got" -le $(($(stat -c %s "s/$file") / 524288 + 1)) ] || backup_die "$file has $got chunks"
	done
}
# added COMMAND...: the bytes that a backup adds.
added() {
	"$@" --json | jq -r 'select(.message_type == "summary").data_added' || backup_die "$*"
}
# Both read all of it, and bring it back.
proven() {
	local restic
	for restic in "$new" $old; do
		"$restic" check --no-cache --read-data >check.log 2>&1 || {
			cat check.log
			backup_die "$restic check $1"
		}
		rm -rf out
		"$restic" restore --no-cache -q latest --target out >/dev/null || backup_die "$restic restore"
		backup_tree_compare s out/s || backup_die "$restic restores other things"
	done
	"$NB" check -q --read-data || backup_die "check $1"
	rm -rf out
	"$NB" restore -q latest --target out && backup_tree_compare s out/s || backup_die "restore $1"
}
export RESTIC_REPOSITORY=$T/repo
"$NB" init -q
"$NB" backup -q s || backup_die "first"
in_pages 65536 base ext fat mbr gpt virtual
as_restic noise.sqlite text.img small
proven 'of the first'
RESTIC_REPOSITORY=$T/peer "$new" init -q && RESTIC_REPOSITORY=$T/peer "$new" backup --no-cache -q s >/dev/null ||
	backup_die "restic beside"
# 2 % of the rows, all over the file.
sql 'update t set r = randomblob(2000) where i % 50 = 0'
ours=$(added "$NB" backup s)
theirs=$(RESTIC_REPOSITORY=$T/peer added "$new" backup --no-cache s)
[ "$((ours * 100))" -le "$((theirs * 80))" ] || backup_die "2 % cost $ours bytes, restic $theirs"
sql 'update t set r = randomblob(2000) where i % 1000 = 0'
ours=$(added "$NB" backup s)
theirs=$(RESTIC_REPOSITORY=$T/peer added "$new" backup --no-cache s)
[ "$((ours * 100))" -le "$((theirs * 35))" ] || backup_die "4 rows cost $ours bytes, restic $theirs"
mapfile -t ids < <("$new" snapshots --no-cache --json | jq -r '.[-2:][].short_id')
"$new" diff --no-cache "${ids[@]}" >diff.log || backup_die "restic diff"
grep -q "^M .*/s/base$" diff.log && [ "$(grep -c '^[M+-] ' diff.log)" = 1 ] ||
	backup_die "restic diff: $(cat diff.log)"
proven 'of the changed'
echo "ok: pages; 4 rows cost $ours bytes, restic $theirs"

# --- the way of cutting stays ---
head -c 4096 s/base >header
dd if=/dev/zero of=s/base bs=100 count=1 conv=notrunc status=none
[ "$(added "$NB" backup s)" -lt 1000000 ] || backup_die "without its header all was stored again"
in_pages 65536 base
dd if=header of=s/base conv=notrunc status=none
"$NB" backup -q s
in_pages 65536 base
# A size that is named recuts, and stays afterwards.
touch s/base s/ext
"$NB" backup -q s --page-chunks 16K || backup_die "--page-chunks 16K"
in_pages 16384 base ext
in_pages 65536 fat
touch s/base s/fat
"$NB" backup -q s
in_pages 16384 base ext
touch s/base s/fat
NEXUS_PAGE_CHUNKS=128K "$NB" backup -q s || backup_die "NEXUS_PAGE_CHUNKS"
in_pages 131072 base fat
in_pages 16384 ext
proven 'of several sizes'
echo "ok: it stays"

# --- in turn with restic ---
export RESTIC_REPOSITORY=$T/repo2
"$NB" init -q && "$NB" backup -q s || backup_die "a second repository"
# What did not change has the chunks of the snapshot before, whoever made it.
files=$(find s -type f | wc -l)
got=$("$new" backup --no-cache s --json |
	jq -c 'select(.message_type == "summary") | [.data_blobs, .files_unmodified]')
[ "$got" = "[0,$files]" ] || backup_die "restic after us: $got"
tree=$(backup_last_tree "$new")
"$NB" backup -q s
[ -n "$tree" ] && [ "$(backup_last_tree "$new")" = "$tree" ] || backup_die "another tree after restic"
# restic cuts a changed file in its own way; our pages are still there and are found.
sql 'update t set r = randomblob(2000) where i < 20'
"$new" backup --no-cache -q s || backup_die "restic after us"
as_restic base
in_pages 65536 ext
sql 'update t set r = randomblob(2000) where i < 30'
[ "$(added "$NB" backup s)" -lt 2000000 ] || backup_die "all was stored again after restic"
in_pages 65536 base
proven 'in turn'
# What restic had first stays in its way, unless a size is named.
export RESTIC_REPOSITORY=$T/peer
sql 'update t set r = randomblob(2000) where i < 40'
"$new" backup --no-cache -q s
sql 'update t set r = randomblob(2000) where i < 10'
"$NB" backup -q s
as_restic base ext
"$new" backup --no-cache -q --force s
[ "$(backup_last_tree "$new")" = "$("$new" snapshots --no-cache --json |
	jq -r '.[-2].tree | "\"tree\":\"" + . + "\""')" ] || backup_die "not cut as restic cuts it"
touch s/base
"$NB" backup -q s --page-chunks 64K
in_pages 65536 base
as_restic ext
echo "ok: in turn with restic"

# --- off: all as restic ---
export RESTIC_REPOSITORY=$T/repo
same_as_restic() {
	local tree
	tree=$(backup_last_tree "$new")
	"$new" backup --no-cache -q --force s
	[ -n "$tree" ] && [ "$(backup_last_tree "$new")" = "$tree" ] || backup_die "$1: not restic's tree"
}
"$NB" backup -q --force --page-chunks off s
same_as_restic '--page-chunks off'
NEXUS_PAGE_CHUNKS=off "$NB" backup -q --force s
same_as_restic 'NEXUS_PAGE_CHUNKS=off'
for mode in on 48K 8K 2M -1; do
	"$NB" backup -q s "--page-chunks=$mode" >log 2>&1
	[ $? = 1 ] && grep -q 'read --page-chunks: .*16K to 1M' log || backup_die "$mode: $(cat log)"
done
proven 'in the end'
echo "ok: off"
