#!/bin/bash
# Every option of `backup` gives what restic makes of it: the same options with both programs on
# one tree and one repository, and then the same tree id, paths, tags, excludes, host and time.
# timeout: 900
# parallel: yes
# Where two things must hold, it is the one or the other that fails.
# shellcheck disable=SC2015
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ TZ=UTC RESTIC_CACHE_DIR=$T/cache RESTIC_REPOSITORY=$T/repo
export RESTIC_PROGRESS_FPS=1
restic_peers_fetch && new=$(restic_peers_new) || {
	echo "SKIP: no restic here"
	exit 77
}
cd "$T" || exit 1
mkdir -p s/a/b s/cache/sub s/marked/sub s/Große "s/with space"
echo one >s/a/one
echo two >s/a/b/two.TMP
echo three >s/a/b/three.tmp
head -c 70000 /dev/zero >s/large
printf 'Signature: 8a477f597d28d172789f06886806bc55 and more' >s/cache/CACHEDIR.TAG
echo junk >s/cache/sub/junk
echo junk >s/cache/junk
echo header-and-more >s/marked/.nobackup
echo kept >s/marked/file
echo kept >s/marked/sub/file
echo groß >s/Große/DATEI
ln -s ../a/one s/marked/link
echo spaced >"s/with space/file"
mkdir s/linked
ln -s ../cache/CACHEDIR.TAG s/linked/CACHEDIR.TAG
echo x >s/linked/x
"$NB" init -q || backup_die init

facts='.[0] | [.tree, .paths, .tags, .excludes, .hostname]'
count=0
# made COMMAND...: the facts of the snapshot that it makes.
made() {
	local id
	id=$("$@" --json <"${input:-/dev/null}" | jq -r 'select(.snapshot_id) | .snapshot_id') &&
		"$new" snapshots --no-cache --json "$id" | jq -c "$facts"
}
# same ARGUMENT...: both programs, one after the other.
same() {
	local a b
	a=$(made "$NB" backup --force "$@") || backup_die "ours: $*"
	b=$(made "$new" backup --no-cache --force "$@") || backup_die "restic: $*"
	[ -n "$a" ] && [ "$a" = "$b" ] || backup_die "$*:
 ours   $a
 restic $b"
	count=$((count + 1))
}
export HIDDEN=three
printf '# a comment\n  *.TMP  \n\n$HIDDEN.tmp\n${HIDDEN}x\n$$y\n' >patterns
printf 's/a/*\n # no\n  s/marked  \n\ns/nothing-like-that*\n' >from
printf 's/with space\ns/a\n' >verbatim
printf 's/large\0s/a/b\0' >raw
same s
same s --exclude '*.tmp'
same s --exclude '*.tmp' --exclude '!three.tmp' -e sub
same s --iexclude '*.tmp'
same s --iexclude 'große/datei'
same s --iexclude '/**/LARGE' --exclude 'b'
same s --exclude-file patterns
same s --iexclude-file patterns --exclude one
same s --exclude-caches
same s --exclude-if-present .nobackup
same s --exclude-if-present .nobackup:header
same s --exclude-if-present .nobackup:other
same s --exclude-if-present .nobackup --exclude-if-present file --exclude-caches
same s --exclude-larger-than 69999
same s --exclude-larger-than 70000
same s --exclude-larger-than 60k
same --exclude-caches s/cache/sub s/cache/junk s/a
same --exclude-larger-than 2 s/large s/a
same --exclude '*' s/a/one s/a/b
same --files-from from
same --files-from-verbatim verbatim
same --files-from-raw raw s/marked
input=from same --files-from - s/a
input=verbatim same --files-from-verbatim -
same s/marked s/a s/marked
same s --tag a,b --tag c --host other
RESTIC_HOST=from-environment same s
same s --one-file-system
same s --with-atime
same s --time '2020-02-03 04:05:06'
input=from same --stdin --time '2030-01-01 00:00:00'
input=s/large same --stdin --stdin-filename dir/other/name.txt --time '2030-01-01 00:00:00'
input=from same --stdin --stdin-filename ../../x --time '2030-01-02 00:00:00'
echo "ok: $count ways equal to restic's"

# The times, and what is compared with what.
[ "$("$new" snapshots --no-cache --json |
	jq -r '[.[] | select(.time == "2020-02-03T04:05:06Z")] | length')" = 2 ] ||
	backup_die "--time"
export RESTIC_REPOSITORY=$T/repo2
"$NB" init -q
"$NB" backup -q s --time '2021-01-01 00:00:00'
"$NB" backup -q s --host other --tag x --time '2022-01-01 00:00:00'
first=$("$new" snapshots --no-cache --json | jq -r '.[0].id')
second=$("$new" snapshots --no-cache --json | jq -r '.[1].id')
# parent NAME WANTED ARGUMENT...: which snapshot the last one names as its parent, ours and
# restic's.
parent() {
	local want=$1 program got
	shift
	for program in "$NB" "$new --no-cache"; do
		$program backup -q s "$@" >/dev/null || backup_die "backup $*"
		got=$("$new" snapshots --no-cache --json | jq -r '.[-1].parent // "none"')
		[ "$got" = "$want" ] || backup_die "parent of backup $* by $program: $got, not $want"
		id=$("$new" snapshots --no-cache --json | jq -r '.[-1].id')
		"$new" forget --no-cache -q "$id"
	done
}
parent "$first"
parent "$second" --group-by ''
parent "$second" --group-by tags --tag x
parent none --group-by tags --tag y
parent none --group-by host,paths,tags --tag x
parent "$second" --host other
parent "$first" --parent "${first:0:8}" --host other
"$NB" backup -q s --time '2021-06-01 00:00:00' --group-by ''
[ "$("$new" snapshots --no-cache --json | jq -r '.[1].parent')" = "$first" ] ||
	backup_die "a parent that is newer than --time"
echo "ok: parents"

# Unchanged or not: moved aside and copied back, the inode and the change time are other ones.
export RESTIC_REPOSITORY=$T/repo3
"$NB" init -q
"$NB" backup -q s
cp -a s/large l && rm s/large && mv l s/large
changed() { "$NB" backup --json s -n "$@" | jq -r 'select(.message_type == "summary").files_changed'; }
[ "$(changed)" = 1 ] || backup_die "a new inode was not seen"
[ "$(changed --ignore-ctime)" = 1 ] || backup_die "--ignore-ctime also ignored the inode"
[ "$(changed --ignore-inode)" = 0 ] || backup_die "--ignore-inode"
"$NB" backup -q s
chmod 600 s/large
[ "$(changed)" = 1 ] && [ "$(changed --ignore-ctime)" = 0 ] || backup_die "--ignore-ctime"
"$NB" backup -q s
before=$("$NB" snapshots --json | jq length)
"$NB" backup --json s --skip-if-unchanged | jq -e 'select(.message_type == "summary") |
	.snapshot_id == null and .data_added == 0 and .backup_start < .backup_end' >/dev/null ||
	backup_die "--skip-if-unchanged"
[ "$("$NB" snapshots --json | jq length)" = "$before" ] || backup_die "a snapshot was made"
echo changed >>s/a/one
"$NB" backup -q s --skip-if-unchanged
[ "$("$NB" snapshots --json | jq length)" = $((before + 1)) ] || backup_die "none was made"
echo "ok: unchanged or not"

# What is wrong is told, with restic's exit status.
wrong() {
	local want=$1 text=$2 got=0
	shift 2
	"$NB" backup -q "$@" </dev/null >out 2>&1 || got=$?
	[ "$got" = "$want" ] && grep -qe "$text" out ||
		backup_die "backup $*: status $got: $(cat out)"
}
wrong 1 'say what'
wrong 1 'nothing of it exists' s/nope
wrong 3 'No such file' s/nope s/a
wrong 1 'NUL at its end' --files-from-raw verbatim
wrong 1 'host, paths and tags' s --group-by hosts,days
wrong 1 'read --exclude-larger-than' s --exclude-larger-than 1x
wrong 1 'as 2026' s --time yesterday
wrong 1 'goes with no path' s --stdin
wrong 1 'goes with --stdin' s --stdin-filename x
wrong 1 'there is no data' --stdin
wrong 1 'fastest, better or max' s --compression zip
RESTIC_COMPRESSION=zip wrong 1 'fastest, better or max' s
wrong 1 'No such file' s --exclude-file nope
wrong 1 'file name' s --exclude-if-present a/b
"$new" check --no-cache -q || backup_die "restic's check"
echo "ok: mistakes are told"
