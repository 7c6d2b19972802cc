#!/bin/bash
# The hard gates against real restic: the root tree's id equals that of `TZ=UTC restic backup` of
# the same tree, restic's check of all data is clean, restic restores ours and we restore
# restic's with everything equal, and mixed clients add nothing twice.
# timeout: 400
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ TZ=UTC RESTIC_CACHE_DIR=$T/cache
peers=()
old=$(restic_peers_old) && peers+=("$old")
restic_peers_fetch && new=$(restic_peers_new) && peers+=("$new")
[ ${#peers[@]} -gt 0 ] || {
	echo "SKIP: no restic here"
	exit 77
}
mkdir -p "$T/src/torture" "$T/src/plain"
backup_tree_torture "$T/src/torture"
backup_tree_plain "$T/src/plain"

# One tree: ours first, then each restic reads everything again and must come to the same. By its
# name from within: the folders above are everybody's and change meanwhile.
equal_ids() {
	local tree=$1 want got added
	shift
	export RESTIC_REPOSITORY=$T/repo-$tree
	cd "$T/src" || exit 1
	"$NB" init -q || backup_die "init"
	"$NB" backup -q "$tree" || backup_die "backup of $tree"
	want=$(backup_last_tree "$1")
	[ -n "$want" ] || backup_die "no tree id"
	for restic in "$@"; do
		added=$("$restic" backup --no-cache --force --json "$tree" |
			grep -o '"data_added":[0-9]*')
		got=$(backup_last_tree "$restic")
		[ "$got" = "$want" ] || backup_die "$tree: tree of $("$restic" version): $got, ours $want"
		[ "$added" = '"data_added":0' ] || backup_die "$tree: $("$restic" version) $added"
		echo "ok: $tree has $want with $("$restic" version | cut -d ' ' -f 2)"
	done
}
equal_ids plain "${peers[@]}"
[ -z "${new:-}" ] || equal_ids torture "$new"
[ -n "${new:-}" ] || {
	export RESTIC_REPOSITORY=$T/repo-torture
	"$NB" init -q || backup_die "init"
	"$NB" backup -q "$T/src/torture" || backup_die "backup of torture"
}

# restic's own repository with the same chunker polynomial, made from nothing: equal too.
if [ -n "${new:-}" ]; then
	"$new" -r "$T/repo-peer" init -q --copy-chunker-params --from-repo "$T/repo-torture" \
		--from-password-file <(echo integ) || backup_die "init of the peer"
	"$new" -r "$T/repo-peer" backup -q --no-cache torture || backup_die "peer backup"
	a=$(RESTIC_REPOSITORY=$T/repo-peer backup_last_tree "$new")
	b=$(RESTIC_REPOSITORY=$T/repo-torture backup_last_tree "$new")
	[ "$a" = "$b" ] || backup_die "a repository of restic alone has $a, ours $b"
	echo "ok: equal to a repository of restic alone"
fi

for tree in plain torture; do
	rm -rf "$T/out"
	RESTIC_REPOSITORY=$T/repo-$tree "$NB" backup -q "$T/src/$tree" || backup_die "backup"
	export RESTIC_REPOSITORY=$T/repo-$tree
	for restic in "${peers[@]}"; do
		"$restic" check --no-cache --read-data >"$T/check" 2>&1 || {
			cat "$T/check"
			backup_die "check of $tree by $("$restic" version)"
		}
		grep -q 'no errors were found' "$T/check" || backup_die "check of $tree is not clean"
		rm -rf "$T/out"
		"$restic" restore --no-cache -q latest --target "$T/out" || backup_die "restic restore"
		backup_tree_compare "$T/src/$tree" "$T/out$T/src/$tree" ||
			[ "$tree $restic" = "torture ${old:-}" ] ||
			backup_die "restore of $tree by $("$restic" version) differs"
	done
	"$NB" check -q --read-data || backup_die "our check of $tree"
	rm -rf "$T/out"
	"$NB" restore -q latest --verify --target "$T/out" || backup_die "our restore of $tree"
	backup_tree_compare "$T/src/$tree" "$T/out$T/src/$tree" || backup_die "our restore differs"
	[ "$(stat -c %b "$T/out$T/src/$tree/sparse" 2>/dev/null || echo 0)" -lt 1000 ] ||
		backup_die "the sparse file was filled"
	echo "ok: $tree is checked and restored by all"
done

# A repository that restic made, read by us.
for restic in "${peers[@]}"; do
	export RESTIC_REPOSITORY=$T/repo-of-restic
	rm -rf "$RESTIC_REPOSITORY" "$T/out"
	"$restic" init -q || backup_die "init by restic"
	"$restic" backup -q --no-cache "$T/src/plain" || backup_die "backup by restic"
	"$NB" check -q --read-data || backup_die "our check of a repository of $("$restic" version)"
	"$NB" restore -q "latest:$T/src" --target "$T/out" || backup_die "our restore of restic's"
	backup_tree_compare "$T/src/plain" "$T/out/plain" || backup_die "restoring restic's differs"
	"$NB" backup --json "$T/src/plain" | tail -n 1 | grep -q '"files_new":0.*"data_blobs":0,' ||
		backup_die "we stored again what restic had"
	# The torture tree too; 0.14 stores no bytes of links that are not UTF-8.
	rm -rf "$T/out"
	"$restic" backup -q --no-cache "$T/src/torture" || backup_die "backup of torture by restic"
	"$NB" check -q --read-data || backup_die "our check of torture by $("$restic" version)"
	"$NB" restore -q "latest:$T/src" --target "$T/out" || backup_die "our restore of restic's torture"
	backup_tree_compare "$T/src/torture" "$T/out/torture" >"$T/differs" || {
		[ "$restic" = "${old:-}" ] && cmp "$T/sums1" "$T/sums2" &&
			diff <(tr '\0' '\n' <"$T/meta1" | grep -av link-bad) \
				<(tr '\0' '\n' <"$T/meta2" | grep -av link-bad) >"$T/differs"
	} || backup_die "restoring torture of $("$restic" version) differs: $(head -n 5 "$T/differs")"
	echo "ok: we read what $("$restic" version | cut -d ' ' -f 2) wrote"
done

# The second backup of an unchanged tree.
export RESTIC_REPOSITORY=$T/repo-torture
cd "$T/src" || exit 1
"$NB" backup -q torture || backup_die "backup by name"
out=$("$NB" backup --json torture | tail -n 1)
[[ $out == *'"files_new":0,"files_changed":0,'*'"data_blobs":0,"tree_blobs":0,"data_added":0'* ]] ||
	backup_die "second backup: $out"
# Changed, grown, vanished and new files.
echo more >>"$T/src/torture/plain"
rm "$T/src/torture/many/file-7"
echo new >"$T/src/torture/many/file-301"
"$NB" backup -q "$T/src/torture" || backup_die "third backup"
rm -rf "$T/out"
"$NB" restore -q latest --target "$T/out" || backup_die "third restore"
backup_tree_compare "$T/src/torture" "$T/out$T/src/torture" || backup_die "third restore differs"
# Patterns and places.
rm -rf "$T/out"
"$NB" restore -q "latest:$T/src/torture" --target "$T/out" --include '/many/file-1*' \
	--exclude 'file-11*' || backup_die "restore of a part"
[ "$(find "$T/out" -type f | wc -l)" = 100 ] || backup_die "patterns: $(find "$T/out" -type f | wc -l)"
"$NB" backup -q "$T/src/torture" --exclude '*.none' --exclude "$T/src/torture/many" --tag a,b ||
	backup_die "backup with patterns"
"$NB" ls latest | grep -q /many && backup_die "an excluded folder is there"
"$NB" snapshots --tag a --json | grep -q '"tags":\["a","b"\]' || backup_die "tags"
# Relative paths and restic's idea of them.
if [ -n "${new:-}" ]; then
	cd "$T/src" || exit 1
	for paths in "plain" "." "../src/plain torture/many" "./torture/../plain" "torture/plain"; do
		# shellcheck disable=SC2086
		"$NB" backup -q $paths || backup_die "backup of $paths"
		a=$(backup_last_tree "$new")
		# shellcheck disable=SC2086
		"$new" backup -q --no-cache --force $paths || backup_die "restic backup of $paths"
		b=$(backup_last_tree "$new")
		[ "$a" = "$b" ] || backup_die "paths $paths: $a, restic $b"
	done
	echo "ok: relative paths"
fi
exit 0
