#!/bin/bash
# The verbs that change a repository, beside restic: after each of ours both restics' check of
# all data is clean, after each of theirs ours is, on one repository that all write to. Then what
# is refused, and JSON.
# timeout: 600
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
. "$SRC/tests/integ/flip.bash"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ TZ=UTC LC_ALL=C.UTF-8 RESTIC_CACHE_DIR=$T/cache
peers=()
old=$(restic_peers_old) && peers+=("$old")
restic_peers_fetch && new=$(restic_peers_new) && peers+=("$new")
[ ${#peers[@]} -gt 0 ] || {
	echo "SKIP: no restic here"
	exit 77
}
export RESTIC_REPOSITORY=$T/repo
all_clean() {
	local restic
	"$NB" check -q --read-data >"$T/check" 2>&1 || backup_die "$1: our check: $(cat "$T/check")"
	for restic in "${peers[@]}"; do
		"$restic" check --no-cache --read-data >"$T/check" 2>&1 ||
			backup_die "$1: check by $("$restic" version): $(cat "$T/check")"
	done
}
count() { "$NB" snapshots --json | jq length; }
change() { # the tree, in part
	head -c 300000 /dev/urandom >"$T/src/r$(($1 % 5))"
	for k in $(seq 1 20); do echo "file $((k + $1))" >"$T/src/f$k"; done
}
mkdir "$T/src"
"$NB" init -q || backup_die "init"
# Everybody backs up, forgets and prunes in turn.
number=0
for round in 1 2; do
	for client in "$NB" "${peers[@]}"; do
		for _ in 1 2; do
			number=$((number + 1))
			change $number
			"$client" backup -q "$T/src" || backup_die "backup $number by $client"
		done
		"$client" forget -q --keep-last 3 --prune --max-unused 0 >"$T/out" 2>&1 ||
			backup_die "forget by $client: $(cat "$T/out")"
		all_clean "forget and prune $round by $client"
		[ "$(count)" -le 3 ] || backup_die "$client left $(count) snapshots"
	done
done
rm -rf "$T/out-tree"
"$NB" restore -q "latest:$T/src" --target "$T/out-tree" || backup_die "restore"
diff -r "$T/src" "$T/out-tree" || backup_die "the last snapshot is another"
echo "ok: $((number)) backups and their pruning by turns"

# A dry run foresees what is freed, and changes nothing.
find "$T/repo" -type f | sort >"$T/before"
foreseen=$("$NB" forget -n --json --keep-last 1 --prune --max-unused 0 |
	jq -s '.[-1] | [.used_blobs, .packs_delete, .packs_repack]' -c)
find "$T/repo" -type f | sort | cmp -s - "$T/before" || backup_die "a dry run changed something"
cp -a "$T/repo" "$T/dry"
done_=$("$NB" -r "$T/dry" forget --json --keep-last 1 --prune --max-unused 0 |
	jq -s '.[-1] | [.used_blobs, .packs_delete, .packs_repack]' -c)
[ "$foreseen" = "$done_" ] || backup_die "foreseen: $foreseen, done: $done_"

# After our prune restic finds nothing to do, and the other way round.
"$NB" forget -q --keep-last 2 --prune --max-unused 0 || backup_die "forget"
"${peers[-1]}" prune --no-cache --max-unused 0 >"$T/out" || backup_die "restic prune"
grep -q '^total prune: *0 blobs' "$T/out" || backup_die "our prune left: $(cat "$T/out")"
change 50
"$NB" backup -q "$T/src" || backup_die "backup"
"${peers[-1]}" forget --no-cache -q --keep-last 1 --prune \
	--max-unused 0 >/dev/null 2>&1 || backup_die "restic forget"
[ "$("$NB" prune --json --max-unused 0 | jq -s '.[-1].total_freed_bytes')" = 0 ] ||
	backup_die "restic's prune left something by ours"

# Trees and data in packs that are not compressed: a repository of version 1.
if [ -n "${new:-}" ]; then
	(
		export RESTIC_REPOSITORY=$T/version1
		"$new" init -q --repository-version 1 || exit 1
		"$new" --no-cache -q backup "$T/src" || exit 1
		change 60
		"$NB" backup -q "$T/src" && "$NB" forget -q --keep-last 1 --prune --max-unused 0 || exit 1
		all_clean "version 1"
		"$new" --no-cache -q migrate upgrade_repo_v2 >/dev/null || exit 1
		"$NB" prune -q || exit 1
		all_clean "trees compressed by prune"
		"$NB" prune -q --repack-uncompressed || exit 1
		"$new" prune --no-cache --dry-run >"$T/out" 2>&1 || exit 1
		all_clean "all compressed by prune"
	) || backup_die "version 1"
fi

# tag
"$NB" tag -q --add a,b latest || backup_die "tag"
"$NB" tag -q --add a --remove b || backup_die "tag"
[ "$("${peers[-1]}" --no-cache snapshots --json --tag a | jq -c '.[0].tags')" = '["a"]' ] ||
	backup_die "restic does not see the tag"
"${peers[-1]}" --no-cache tag -q --set c,d || backup_die "restic tag"
[ "$("$NB" snapshots --json --tag c,d | jq length)" = "$(count)" ] || backup_die "restic's tags"
# Another host's snapshots are not meant, by the environment as by the option; '' lifts that.
for client in "$NB" "${peers[-1]}"; do
	before=$("$NB" snapshots --json | jq -c '[.[].id] | sort')
	RESTIC_HOST=elsewhere "$client" --no-cache tag -q --add elsewhere >/dev/null
	RESTIC_HOST=elsewhere "$client" --no-cache forget -q --keep-last 1 >/dev/null
	[ "$("$NB" snapshots --json | jq -c '[.[].id] | sort')" = "$before" ] ||
		backup_die "RESTIC_HOST is nothing to $client"
	RESTIC_HOST=elsewhere "$client" --no-cache tag -q --host '' --add any >/dev/null
	[ "$("$NB" snapshots --json --tag any | jq length)" = "$(count)" ] || backup_die "--host ''"
	"$client" --no-cache tag -q --remove any >/dev/null
done
RESTIC_HOST='' "$NB" forget -q --unsafe-allow-remove-all 2>/dev/null && backup_die "all are gone"
all_clean tag

# check of a part: the parts of a number are all of it, none of it twice; a share is so many packs.
packs=$(find "$T/repo/data" -type f | wc -l)
read_of() { "$NB" check --json --read-data-subset "$1" | jq -s '.[-1].packs_read'; }
[ $(($(read_of 1/3) + $(read_of 2/3) + $(read_of 3/3))) = "$packs" ] || backup_die "thirds"
[ "$(read_of 100%) $(read_of 50%)" = "$packs $((packs / 2))" ] || backup_die "shares"
[ "$(read_of 0.1%) $(read_of 100G)" = "1 $packs" ] || backup_die "sizes"
cp -a "$T/repo" "$T/part"
victim=$(find "$T/part/data" -type f -size +100k | head -n 1) # of data: trees are always read
flip "$victim" 40
found=0
for part in 1/4 2/4 3/4 4/4; do
	for client in "$NB" "${peers[-1]}"; do
		"$client" -r "$T/part" --no-cache check --read-data-subset $part >"$T/out" 2>&1 ||
			found=$((found + 1))
	done
done
[ $found = 2 ] || backup_die "the damaged pack was found $found times, not once by each client"
rm -rf "$T/part"
for part in 0/3 4/3 1/257 0% 101% x% 0 x; do
	"$NB" check --read-data-subset $part >/dev/null 2>&1 && backup_die "a part like $part"
done
"$NB" check --read-data --read-data-subset 1/2 >/dev/null 2>&1 && backup_die "both"
echo "ok: parts of the data"

# A lock that somebody holds is waited for, as long as is wanted.
mkfifo "$T/held"
"$NB" backup -q --stdin <"$T/held" &
holder=$!
exec 9>"$T/held"
until [ -n "$(ls "$T/repo/locks")" ]; do sleep 0.1; done
SECONDS=0
"$NB" check -q --retry-lock 3s 2>"$T/out"
if [ $? != 11 ] || [ $SECONDS -lt 3 ]; then backup_die "a lock that stays: $(cat "$T/out")"; fi
"$NB" check -q --retry-lock 10m 2>"$T/out" 9>&- &
waiting=$!
sleep 1
echo data >&9
exec 9>&-
wait $holder || backup_die "the holder of the lock"
wait $waiting || backup_die "a lock that went: $(cat "$T/out")"
for time in '' 5 m 5x '1h 2m'; do
	"$NB" check -q --retry-lock "$time" 2>/dev/null && backup_die "a time like '$time'"
done
echo "ok: waiting for a lock"

# key
echo second >"$T/second"
echo third >"$T/third"
"$NB" key add -q --new-password-file "$T/second" --user me --host here || backup_die "key add"
"${peers[-1]}" --no-cache -p "$T/second" snapshots >/dev/null || backup_die "restic and the key"
"$NB" -p "$T/second" key list --json | jq -e '
	length == 2 and (.[] | select(.current) | .userName == "me" and .hostName == "here")' \
	>/dev/null || backup_die "key list"
"$NB" -p "$T/second" key passwd -q --new-password-file "$T/third" || backup_die "key passwd"
"$NB" -p "$T/second" snapshots >/dev/null 2>&1 && backup_die "the old password opens it"
current=$("$NB" key list --json | jq -r '.[] | select(.current) | .id')
"$NB" key remove "$current" 2>/dev/null && backup_die "the key in use was removed"
"$NB" key remove ab 2>/dev/null && backup_die "two digits are enough to remove a key"
"$NB" -p "$T/third" key remove -q "${current:0:12}" || backup_die "key remove"
"$NB" snapshots >/dev/null 2>&1 && backup_die "a removed key opens it"
"$NB" -p "$T/third" key passwd -q --new-password-file <(echo integ) || backup_die "key passwd"
all_clean key

# copy, both ways, into repositories with the same and with other cuts
for restic in "${peers[@]}"; do
	rm -rf "$T/copy"
	export RESTIC_FROM_REPOSITORY=$T/repo RESTIC_FROM_PASSWORD=integ
	"$NB" -r "$T/copy" init -q --copy-chunker-params || backup_die "init"
	change 70
	"$restic" --no-cache -q backup "$T/src" || backup_die "backup"
	"$NB" -r "$T/copy" copy -q || backup_die "copy"
	RESTIC_REPOSITORY=$T/copy all_clean copy
	[ "$("$NB" -r "$T/copy" snapshots --json | jq length)" = "$(count)" ] || backup_die "copies"
	[ "$("$NB" -r "$T/copy" copy --json | jq -s '.[-1].snapshots_copied')" = 0 ] ||
		backup_die "copied again"
	[ "$("$NB" -r "$T/copy" backup --json "$T/src" | jq -s '.[-1].data_blobs')" = 0 ] ||
		backup_die "the copy does not cut alike"
done
if [ -n "${new:-}" ]; then
	rm -rf "$T/copy"
	env -u RESTIC_FROM_REPOSITORY "$new" -r "$T/copy" init -q || backup_die "init"
	"$new" --no-cache -r "$T/copy" copy -q --from-repo "$T/repo" >/dev/null || backup_die "restic copy"
	[ "$("$NB" -r "$T/copy" copy --json | jq -s '.[-1].snapshots_copied')" = 0 ] ||
		backup_die "what restic copied was copied again"
	rm -rf "$T/copy"
	"$NB" -r "$T/copy" init -q || backup_die "init"
	"$NB" -r "$T/copy" copy -q || backup_die "copy"
	RESTIC_REPOSITORY=$T/copy all_clean "copy with other cuts"
	"$new" --no-cache -r "$T/copy" copy --from-repo "$T/repo" >"$T/out" 2>&1 || backup_die "restic copy"
	[ "$("$NB" -r "$T/copy" snapshots --json | jq length)" = "$(count)" ] ||
		backup_die "restic copied again what we had copied"
fi
echo "ok: tag, key, copy"

# What is refused.
refuses() {
	local code=$1 text=$2 got
	shift 2
	"$NB" "$@" >"$T/out" 2>"$T/err"
	got=$?
	if [ "$got" != "$code" ] || ! grep -q -e "$text" "$T/err"; then
		backup_die "$*: exit $got, $(cat "$T/err")"
	fi
}
before=$(count)
refuses 1 'no rule says' forget
refuses 1 'needs one of --host' forget --unsafe-allow-remove-all
refuses 1 'every snapshot of' forget --keep-tag nowhere
refuses 1 'like 2y5m7d3h' forget --keep-within 5
refuses 1 'how many to keep' forget --keep-last=-1
refuses 1 'host, paths and tags' forget --keep-last 1 --group-by user
refuses 1 'percentage' prune --max-unused 100%
refuses 1 'max-repack-size' prune --max-repack-size many
refuses 1 'say what with' tag
refuses 1 'goes without' tag --set a --add b
refuses 1 'takes list, add' key show
refuses 1 'takes index' repair all
refuses 1 'is not a whole id' repair packs abc
refuses 1 'in no index' repair packs "$(printf 'ab%.0s' $(seq 32))"
unset RESTIC_FROM_REPOSITORY
refuses 1 'from-repo' copy
refuses 10 'there is none\|No such file' copy --from-repo "$T/nothing"
[ "$(count)" = "$before" ] || backup_die "something was removed"
"$NB" forget --unsafe-allow-remove-all --host "$(hostname)" -q || backup_die "remove all"
[ "$(count)" = 0 ] || backup_die "not all were removed"
"$NB" prune -q || backup_die "prune of nothing"
[ "$(find "$T/repo/data" -type f | wc -l)" = 0 ] || backup_die "packs were left"
all_clean "an empty repository"

# unlock
if [ -n "${new:-}" ]; then
	lock=$T/repo/locks/$(printf 'ab%.0s' $(seq 32))
	echo junk >"$lock"
	refuses 1 'unlock --remove-all' snapshots
	# Who changes something takes a lock, whatever the options say.
	refuses 1 'unlock --remove-all' --no-lock prune
	refuses 1 'unlock --remove-all' --no-lock forget --keep-last 1
	"$NB" --no-lock prune -q -n || backup_die "a dry run without a lock"
	"$NB" unlock -q || backup_die "unlock"
	[ -e "$lock" ] || backup_die "unlock removed what tells no age"
	"$NB" unlock -q --remove-all || backup_die "unlock --remove-all"
	[ ! -e "$lock" ] || backup_die "unlock --remove-all left a lock"
fi
echo "ok: refusals and unlock"
exit 0
