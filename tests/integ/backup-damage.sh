#!/bin/bash
# Damaged repositories: each kind of damage is done to two copies; restic repairs one, we the
# other, each checks both. What is left must be the same: the trees of the mended snapshots, the
# verdict of both checks, and what can be restored.
# timeout: 600
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
. "$SRC/tests/integ/flip.bash"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ TZ=UTC LC_ALL=C.UTF-8
if ! restic_peers_fetch || ! new=$(restic_peers_new); then
	echo "SKIP: no restic 0.19 here"
	exit 77
fi
restic() { "$new" --no-cache -q "$@"; }
RANDOM=${SEED:-4711}

# Three snapshots; packs of data and of trees; two index files at least.
export RESTIC_REPOSITORY=$T/whole
mkdir -p "$T/src/many" "$T/src/deep/er"
for i in $(seq 1 40); do echo "file $i" >"$T/src/many/f$i"; done
for i in 1 2 3; do
	head -c 3000000 /dev/urandom >"$T/src/random$i"
	echo "round $i" >"$T/src/deep/er/round"
	if [ $i = 2 ]; then "$new" --no-cache -q backup "$T/src"; else
		[ $i != 1 ] || "$NB" init -q
		"$NB" backup -q "$T/src"
	fi || backup_die "backup $i"
done

pick() { find "$1" -type f | sort | sed -n "$((1 + RANDOM % $(find "$1" -type f | wc -l)))p"; }
# The largest pack holds file content, one that holds trees is found by what ours lists.
data_pack() { find "$T/ours/data" -type f -size +900k | sort | head -n 1; }
tree_pack() { find "$T/ours/data" -type f -size -60k | sort | sed -n "${1:-1}p"; }

damage() { # to $T/ours; $T/theirs is a copy of that
	local file
	case $1 in
	missing-data-pack) rm -f "$(data_pack)" ;;
	missing-tree-pack) rm -f "$(tree_pack)" ;;
	missing-small-packs) find "$T/ours/data" -type f -size -60k -delete ;;
	flipped-data) flip "$(data_pack)" 1000 ;;
	flipped-tree) flip "$(tree_pack 2)" 40 ;;
	cut-pack) file=$(data_pack) && chmod u+w "$file" && truncate -s -100 "$file" ;;
	longer-pack) file=$(data_pack) && chmod u+w "$file" && echo more >>"$file" ;;
	missing-index) rm -f "$(pick "$T/ours/index")" ;;
	no-index) rm -f "$T/ours/index"/* ;;
	flipped-index) flip "$(pick "$T/ours/index")" 60 ;;
	empty-index) file=$(pick "$T/ours/index") && chmod u+w "$file" && : >"$file" ;;
	junk-pack) head -c 5000 /dev/urandom >"$T/junk" && mkdir -p "$T/ours/data/ab" &&
		cp "$T/junk" "$T/ours/data/ab/ab$(sha256sum "$T/junk" | cut -c 3-64)" ;;
	esac
}

# The packs that our check names.
damaged_packs() {
	"$NB" -r "$1" check --read-data --json 2>/dev/null | jq -r '
		select(.message_type == "error" and (.item | test("^[0-9a-f]{64}$"))) | .item' |
		sort -u | while read -r id; do
		[ ! -e "$1/data/${id:0:2}/$id" ] || echo "$id"
	done
}
trees() { restic -r "$1" snapshots --json | jq -r '.[] | .time + " " + .tree' | sort; }

verdict() {
	if "$@" >"$T/verdict" 2>&1; then echo clean; else echo damaged; fi
}
for kind in missing-data-pack missing-tree-pack missing-small-packs flipped-data flipped-tree \
	cut-pack longer-pack missing-index no-index flipped-index empty-index junk-pack; do
	rm -rf "$T/ours" "$T/theirs"
	cp -a "$T/whole" "$T/ours"
	damage "$kind" || backup_die "damage $kind"
	cp -a "$T/ours" "$T/theirs"
	our=$(verdict "$NB" -r "$T/ours" check --read-data)
	their=$(verdict restic -r "$T/ours" check --read-data)
	[ "$our" = "$their" ] || backup_die "$kind: our check says $our, restic's $their"
	# While something that is needed is missing, nothing may be removed.
	find "$T/ours" -type f | sort >"$T/before"
	if [ "$our" = damaged ] && "$NB" -r "$T/ours" prune -q --max-unused 0 2>"$T/err" &&
		! "$NB" -r "$T/ours" check -q >/dev/null 2>&1; then
		backup_die "$kind: prune did not refuse"
	fi
	rm -rf "$T/ours"
	cp -a "$T/theirs" "$T/ours"
	cd "$T" || exit 1
	"$NB" -r "$T/ours" repair index -q 2>"$T/err" || backup_die "$kind: repair index: $(cat "$T/err")"
	restic -r "$T/theirs" repair index >/dev/null 2>&1 || backup_die "$kind: restic's repair index"
	for id in $(damaged_packs "$T/ours"); do
		"$NB" -r "$T/ours" repair packs "$id" -q 2>>"$T/err" ||
			backup_die "$kind: repair packs: $(cat "$T/err")"
		[ -s "pack-$id" ] || backup_die "$kind: no copy of the damaged pack"
		rm -f "pack-$id"
		restic -r "$T/theirs" repair packs "$id" >/dev/null 2>&1 ||
			echo "note: $kind: restic can't repair pack $id"
	done
	"$NB" -r "$T/ours" repair snapshots -q --forget 2>"$T/err" ||
		backup_die "$kind: repair snapshots: $(cat "$T/err")"
	restic -r "$T/theirs" repair snapshots --forget >/dev/null 2>&1 ||
		backup_die "$kind: restic's repair snapshots"
	"$NB" -r "$T/ours" check -q --read-data >"$T/err" 2>&1 ||
		backup_die "$kind: our check after our repair: $(cat "$T/err")"
	restic -r "$T/ours" check --read-data >"$T/err" 2>&1 ||
		backup_die "$kind: restic's check after our repair: $(cat "$T/err")"
	"$NB" -r "$T/theirs" check -q --read-data >"$T/err" 2>&1 ||
		backup_die "$kind: our check after restic's repair: $(cat "$T/err")"
	[ "$(trees "$T/ours")" = "$(trees "$T/theirs")" ] || {
		diff <(trees "$T/ours") <(trees "$T/theirs")
		backup_die "$kind: mended trees differ from restic's"
	}
	"$NB" -r "$T/ours" prune -q || backup_die "$kind: prune after repair"
	restic -r "$T/ours" check --read-data >/dev/null 2>&1 || backup_die "$kind: check after prune"
	echo "ok: $kind was $our, $(trees "$T/ours" | wc -l) snapshots left, equal to restic's"
done
exit 0
