#!/bin/bash
# The verbs that look say what restic's say: the same repository, both programs, and the JSON of
# each verb compared field by field. What is shown to people is looked at by its facts.
# timeout: 900
# parallel: yes
# Where two things must hold, it is the one or the other that fails.
# shellcheck disable=SC2015
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ TZ=UTC RESTIC_CACHE_DIR=$T/cache RESTIC_REPOSITORY=$T/repo
restic_peers_fetch && new=$(restic_peers_new) || {
	echo "SKIP: no restic here"
	exit 77
}
old=$(restic_peers_old) || old=
cd "$T" || exit 1
mkdir -p s/a/b s/c "s/ñ \"q\" <&>" s/was-file
echo hi >s/a/f1
echo yo >s/a/b/f2
ln -s f1 s/a/link
head -c 3000000 /dev/urandom >s/c/big
cp s/c/big s/c/big2
ln s/a/f1 s/a/hard
mkfifo s/fifo
: >"s/$(printf 'bad\377name')"
chmod 4755 s/a/f1
chmod 1777 s/c
touch -d '2020-03-04 05:06:07.8' s/a/b/f2
setfattr -n user.note -v value s/a/b/f2 2>/dev/null
"$NB" init -q || backup_die init
"$NB" backup -q s --host one || backup_die backup
echo more >>s/a/f1
rm s/c/big2 s/a/link
: >s/c/new
chmod 600 s/a/b/f2
mkdir s/a/link
echo in >s/a/link/in
rmdir s/was-file && echo file >s/was-file
ln -s q s/ln
"$new" backup -q --no-cache --tag t1,t2 --host two s || backup_die "restic's backup"
"$NB" backup -q --tag t1 --host one s || backup_die "third backup"
mapfile -t ids < <("$new" snapshots --no-cache --json | jq -r '.[].id')
tree=$("$new" snapshots --no-cache --json | jq -r '.[1].tree')
blob=$("$new" list blobs --no-cache | awk '/^data/ { print $2; exit }')
pack=$("$new" list packs --no-cache | head -n 1)

count=0
# same FILTER ARGUMENT...: the same JSON of both, after jq's FILTER (with -s: a list of values).
same() {
	local filter=$1 a b
	shift
	a=$("$NB" "$@" --json 2>err | jq -S -c -s "$filter") || backup_die "ours: $*: $(cat err)"
	b=$("$new" "$@" --no-cache --json 2>err | jq -S -c -s "$filter") || backup_die "restic: $*"
	[ -n "$a" ] && [ "$a" = "$b" ] || {
		diff <(jq . <<<"$a") <(jq . <<<"$b") | head -n 30
		backup_die "$* differs"
	}
	count=$((count + 1))
}
# plain ARGUMENT...: the same lines, in any order.
plain() {
	local a b
	a=$("$NB" "$@" | LC_ALL=C sort) || backup_die "ours: $*"
	b=$("$new" "$@" --no-cache | LC_ALL=C sort) || backup_die "restic: $*"
	[ -n "$a" ] && [ "$a" = "$b" ] || {
		diff <(echo "$a") <(echo "$b") | head -n 20
		backup_die "$* differs"
	}
	count=$((count + 1))
}
same . snapshots
same . snapshots --latest 1
same . snapshots --host two
same . snapshots --tag t1,t2
same . snapshots --tag t1 --host one
same . snapshots --path "$T/s"
same . snapshots --path /nope
same . snapshots "${ids[0]:0:8}" "${ids[2]}"
for by in host tags host,tags paths ''; do
	same '.[0] | if (.[0] | has("group_key")) then sort_by(.group_key | tostring) else . end' \
		snapshots --group-by "$by"
done
same . ls latest
same . ls "${ids[0]}"
same . ls "${ids[1]}:/s/a"
same . ls latest /s/a
same . ls latest /s/a /s/c --recursive
same . ls latest --host two
same . ls latest /
for folder in / /s/a; do
	a=$("$NB" ls latest $folder --recursive --ncdu | jq -S -c .) || backup_die "ls --ncdu"
	b=$("$new" ls --no-cache latest $folder --recursive --ncdu | jq -S -c .)
	[ -n "$a" ] && [ "$a" = "$b" ] || backup_die "ls --ncdu $folder: $(diff <(jq . <<<"$a") <(jq . <<<"$b"))"
done
same . diff "${ids[0]}" "${ids[1]}"
same . diff "${ids[1]}" "${ids[0]}"
same . diff --metadata "${ids[0]}" "${ids[1]}"
same . diff --metadata "${ids[0]}:/s/a" "${ids[1]}:/s/a"
same . diff "${ids[1]}" "${ids[1]}"
for pattern in f1 'b*' '/s/c' '/s/**/f?' '*/a/f1' nothing; do
	same . find "$pattern"
done
same . find F1 --ignore-case
same . find f1 big -s "${ids[0]:0:10}"
same . find '*' --oldest '2021-01-01'
same . find '*' --newest '2020-03-04 05:06:08' --host one
same . find f1 --reverse --tag t1
same 'map(sort_by(.snapshot, .path))' find --blob "$blob"
same . find --tree "${tree:0:8}" -s "${ids[1]}"
same 'map(map(select(.object_type == "blob")) | sort_by(.snapshot, .path, .id))' find --pack "$pack"
for mode in restore-size files-by-contents blobs-per-file raw-data; do
	same '.[0] | map_values(. * 1000000 | round)' stats --mode $mode
	same '.[0] | map_values(. * 1000000 | round)' stats --mode $mode latest
done
same . stats --host two
for what in snapshots packs index keys blobs; do
	plain list $what
done
plain cat blob "$blob"
plain cat blob "$tree"
plain cat tree "${ids[1]}:/s/a"
plain cat index "$("$new" list index --no-cache | head -n 1)"
same . cat config
same . cat masterkey
same . cat snapshot "${ids[1]:0:8}"
same . cat key "$("$new" list keys --no-cache)"
"$NB" cat pack "${pack:0:12}" | sha256sum | grep -q "^$pack" || backup_die "cat pack"
echo "ok: $count answers equal to restic's"

# dump: bytes, and archives that unpack to the same.
"$NB" dump latest /s/c/big | cmp - s/c/big || backup_die "dump of a file"
"$NB" dump latest:/s/c big --target big.out && cmp big.out s/c/big || backup_die "dump --target"
for from in /s / s/a; do
	rm -rf x y && mkdir x y
	"$NB" dump latest "$from" >ours.tar || backup_die "dump of $from"
	"$new" dump --no-cache latest "$from" >theirs.tar || backup_die "restic's dump"
	tar -C x --xattrs --xattrs-include='*' -xpf ours.tar || backup_die "tar can't read ours"
	tar -C y --xattrs --xattrs-include='*' -xpf theirs.tar
	# restic makes a file of the fifo, which ours leaves out, and has times rounded to seconds; ours are looked at below.
	for n in x y; do
		(cd $n && find . -type f ! -name fifo -exec sha256sum '{}' + | LC_ALL=C sort
			find . ! -path ./s ! -name fifo -printf '%p %y %m %U:%G %l\n' | LC_ALL=C sort
			getfattr -R -h -d -m - -e hex . 2>/dev/null) >$n.facts
	done
	[ "$(find x -name f2 -printf '%T@\n')" = "$(find s -name f2 -printf '%T@\n')" ] ||
		backup_die "a time was cut"
	cmp x.facts y.facts || backup_die "the tar of $from differs: $(diff -a x.facts y.facts | head)"
done
"$NB" dump -a zip latest /s/c >ours.zip && python3 - <<'END' || backup_die "zip"
import zipfile, sys
z = zipfile.ZipFile("ours.zip")
assert z.testzip() is None
assert sorted(z.namelist()) == ["s/c/big", "s/c/new"], z.namelist()
assert z.read("s/c/big") == open("s/c/big", "rb").read()
END
echo "ok: dump"

# What is wrong is told. A listing whose tree is damaged goes on and ends with 1.
wrong() {
	local want=$1 text=$2 got=0
	shift 2
	"$NB" "$@" >out 2>&1 || got=$?
	[ "$got" = "$want" ] && grep -qe "$text" out || backup_die "$*: status $got: $(cat out)"
}
wrong 1 'there is none' ls ffffffff
wrong 1 'begin with a slash' ls latest a
wrong 1 'it is not in the snapshot' ls latest:/nope
wrong 1 'it is not in the snapshot' dump latest /s/nope
wrong 1 'neither file nor folder but fifo' dump latest /s/fifo
wrong 1 'tar or zip' dump latest /s --archive rar
wrong 1 'blobs, packs' list things
wrong 1 'config, masterkey' cat thing x
wrong 1 'say the id' cat snapshot
wrong 1 'takes no id' cat config x
wrong 1 'there is none' cat pack ffff
wrong 1 'restore-size, files' stats --mode all
wrong 1 'there is none' find --blob ffffffffff
wrong 1 'alone' find --blob --tree aa
wrong 1 'read time' find x --newest tomorrow
wrong 1 'host, paths and tags' snapshots --group-by days
wrong 2 'missing' diff latest
"$NB" dump latest /s/c/big >/dev/full 2>out && backup_die "a full output was not told"
"$NB" dump latest / >/dev/full 2>out && backup_die "a full output was not told of a tar"
grep -q 'No space' out || backup_die "full: $(cat out)"
[ -z "$old" ] || {
	a=$("$NB" ls latest | grep -av '^Snapshot' | LC_ALL=C sort | grep -av bad)
	b=$("$old" ls --no-cache latest 2>/dev/null | grep -a '^/' | LC_ALL=C sort | grep -av bad)
	[ "$a" = "$b" ] || backup_die "ls of restic 0.14: $(diff <(echo "$a") <(echo "$b"))"
}
echo "ok: mistakes are told"
