#!/bin/bash
# The cache of a repository behind a server: listed and cleaned; without what another client
# removed; and never a reason to fail: damaged, not writable, on a full disk.
# timeout: 600
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
. "$SRC/tests/integ/flip.bash"
[ "$(id -u)" = 0 ] || stores_skip "needs root, for a small disk"
unshare -m true 2>/dev/null || stores_skip "needs a mount namespace"
port=$(stores_free_port)
stores_s3 "$T/files" "$port"
export AWS_ACCESS_KEY_ID=AKIDDOUBLE AWS_SECRET_ACCESS_KEY='secret/of+the double'
unset AWS_DEFAULT_REGION AWS_REGION AWS_SESSION_TOKEN
export RESTIC_REPOSITORY=s3:http://127.0.0.1:$port/bucket/repo
stores_source 1
"$NB" init -q || backup_die "init"
"$NB" backup -q "$T/src" || backup_die "backup"
"$NB" ls latest >"$T/listing" || backup_die "ls"
id=$("$NB" cat config | jq -r .id)
cache=$RESTIC_CACHE_DIR/$id

# The verb.
"$NB" cache --json | jq -e --arg id "$id" 'length == 1 and .[0].repository == $id and
	.[0].old == false and .[0].size > 0' >/dev/null || backup_die "cache --json: $("$NB" cache --json)"
"$NB" cache --json --no-size | jq -e '.[0] | has("size") | not' >/dev/null || backup_die "--no-size"
"$NB" cache | grep -q "^${id:0:10}  .*iB\$" || backup_die "cache: $("$NB" cache)"
old=$(printf '%064d' 7)
mkdir -p "$RESTIC_CACHE_DIR/$old/data/ab" "$RESTIC_CACHE_DIR/mine"
echo x >"$RESTIC_CACHE_DIR/$old/data/ab/file"
touch -d '-40 days' "$RESTIC_CACHE_DIR/$old" "$RESTIC_CACHE_DIR/mine"
"$NB" cache | grep -q "^0000000000 .* old\$" || backup_die "not old: $("$NB" cache)"
"$NB" cache --cleanup --max-age 60 >/dev/null || backup_die "cleanup"
[ -d "$RESTIC_CACHE_DIR/$old" ] || backup_die "--max-age 60 removes what is 40 days old"
"$NB" --cleanup-cache snapshots -q || backup_die "--cleanup-cache"
[ ! -e "$RESTIC_CACHE_DIR/$old" ] || backup_die "--cleanup-cache leaves the old one"
{ [ -d "$RESTIC_CACHE_DIR/mine" ] && [ -d "$cache" ]; } || backup_die "--cleanup-cache removes too much"
touch -d '-40 days' "$cache"
"$NB" --cleanup-cache snapshots -q || backup_die "--cleanup-cache"
[ -d "$cache" ] || backup_die "--cleanup-cache removes the one in use"
touch -d '-40 days' "$cache"
"$NB" cache --cleanup --json | jq -e '.removed_caches == 1' >/dev/null || backup_die "cleanup"
[ ! -e "$cache" ] || backup_die "cleanup leaves it"
"$NB" cache --cleanup | grep -q '^0 ' || backup_die "cleanup of nothing"
expect 1 'max-age' "$NB" cache --max-age soon
expect 1 'say where with --cache-dir' "$NB" --no-cache cache
"$NB" --cache-dir "$T/nowhere" cache | grep -q '^0 ' || backup_die "a folder that is not there"
echo "ok: verb"

# Another client removes packs of trees; the next look at the index forgets them here.
packs() {
	find "$cache/data" -type f 2>/dev/null | wc -l
}
for i in 1 2 3; do
	echo "$i" >"$T/src/changed"
	"$NB" backup -q "$T/src" || backup_die "backup $i"
	"$NB" ls latest >/dev/null || backup_die "ls $i"
done
before=$(packs)
RESTIC_CACHE_DIR=$T/other "$NB" forget -q --keep-last 1 --prune || backup_die "prune by another client"
[ "$(packs)" = "$before" ] || backup_die "the other client used this cache"
"$NB" ls latest >"$T/listing" || backup_die "ls after prune"
for file in "$cache"/data/??/*; do
	[ -e "$T/files/bucket/repo/data/${file#"$cache/data/"}" ] ||
		backup_die "a removed pack is still in the cache"
done
{ [ "$(packs)" -ge 1 ] && [ "$(packs)" -lt "$before" ]; } || backup_die "of $before packs there are $(packs)"
echo "ok: removed elsewhere"

# works WHAT: every kind of use, all of it right.
works() {
	echo "$1" >"$T/src/changed"
	"$NB" backup -q "$T/src" 2>"$T/stderr" || {
		cat "$T/stderr"
		backup_die "$1: backup"
	}
	"$NB" ls latest 2>/dev/null | grep ^/ | diff - <(grep ^/ "$T/listing") >/dev/null || backup_die "$1: ls"
	"$NB" check -q --read-data 2>/dev/null || backup_die "$1: check"
	rm -rf "$T/out"
	"$NB" restore -q latest --target "$T/out" 2>/dev/null || backup_die "$1: restore"
	diff -r "$T/src" "$T/out$T/src" || backup_die "$1: restored other files"
}
while read -r file; do flip "$file" 0; done < <(find "$cache" -type f -size +0)
works "all damaged"
find "$cache" -type f -exec truncate -s 0 {} +
works "all empty"
rm -rf "$cache/index" "$cache/data"
echo x >"$cache/index"
ln -s /dev/null "$cache/data"
works "files and links for folders"
rm -rf "$RESTIC_CACHE_DIR"
export -f works backup_die
export NB T
# inside COMMAND WHAT: in a mount namespace where COMMAND was done to the cache's folder.
inside() {
	mkdir -p "$RESTIC_CACHE_DIR"
	unshare -m --propagation private bash -c "$1"' && works "$2"' - "$RESTIC_CACHE_DIR" "$2" ||
		backup_die "$2"
}
# shellcheck disable=SC2016
inside 'mount -t tmpfs -o size=64k tmpfs "$1"' "small disk"
# shellcheck disable=SC2016
inside 'mount -t tmpfs -o size=64k tmpfs "$1" && { cat /dev/zero >"$1/full" 2>/dev/null; :; }' "full disk"
grep -q 'no cache' "$T/stderr" || backup_die "no word of the full disk"
"$NB" ls latest >/dev/null || backup_die "ls"
# shellcheck disable=SC2016
inside 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"' "read-only, filled"
rm -rf "$RESTIC_CACHE_DIR"
# shellcheck disable=SC2016
inside 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"' "read-only, empty"
echo "ok: never in the way"
exit 0
