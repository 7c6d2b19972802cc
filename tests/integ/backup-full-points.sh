#!/bin/bash
# A disk that is full at random points of every verb that writes, of bytes or of inodes: of the
# repository, of a restore's target, of the cache with its checkpoints, of the temporary files.
# Each time one clear sentence and exit 1 (a full cache: none, the run goes well), what is
# acknowledged is there and whole, by our check and, every third time, restic's; and with room
# again the next run goes on, to the same as one that never met a full disk. Replayable by SEED
# (4711); POINTS: how many (14; 140 take ten minutes); OPS: of which operations. The points of one
# are spread over what it writes. Needs a small file system, so root.
# timeout: 900
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
. "$SRC/tests/integ/flip.bash"
export RESTIC_FROM_PASSWORD=integ TZ=UTC
RANDOM=${SEED:-4711}
POINTS=${POINTS:-14}
mkdir "$T/small" "$T/src" "$T/trees" "$T/home"
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=400m tmpfs "$T/small" 2>/dev/null; then
	stores_skip "a small file system can't be mounted here"
fi
trap 'stores_end; umount "$T/small"' EXIT
restic=$(restic_peers_new || restic_peers_old) || restic=
rest_server=$(restic_peers_server 2>/dev/null) || rest_server=
read -ra ops <<<"${OPS:-init backup forget prune copy tag add passwd index snapshots packs restore cache spool}"
small=$T/small
port=$(stores_free_port)

# Snapshots with much in common: each forgotten one leaves packs that are partly used.
mkdir "$T/src/many"
"$NB" -r "$T/master" init -q || backup_die "init"
for i in 1 2 3 4; do
	for k in 1 2 3; do head -c 120000 /dev/urandom >"$T/src/r$(((i * k + k) % 7))"; done
	for k in $(seq 1 30); do echo "file $((i / 2 + k))" >"$T/src/many/f$k"; done
	"$NB" -r "$T/master" backup -q "$T/src" || backup_die "backup $i"
done
cp -r "$T/src" "$T/trees/new"
for k in 2 4 5 8; do head -c 900000 /dev/urandom >"$T/trees/new/r$k"; done
echo changed >"$T/trees/new/many/f12"
echo other >"$T/other-password"
"$NB" -r "$T/empty" init -q || backup_die "init"

trees() { "$NB" --no-lock -r "$1" snapshots --json |
	jq -r '.[] | .time + (if .time > "2030" then "" else " " + .tree end)' | sort -u; }
damage() { # of a kind that the repair is for
	case $1 in
	index) find "$repo/index" -type f | sort | sed -n '1~2p' | xargs rm -f ;;
	snapshots) find "$repo/data" -type f -size -6k | sort | head -n 2 | xargs rm -f
		"$NB" -r "$repo" repair -q index || backup_die "repair index" ;;
	packs) pack=$(find "$repo/data" -type f -size +50k | sort | head -n 1)
		flip "$pack" 5000
		pack=$(basename "$pack") ;;
	esac
}
is_damaged() { [[ " index snapshots packs " = *" $1 "* ]]; }
start() { # all anew for operation $1; repo: where it stands, on the small disk or not
	mount -o remount,size=400m,nr_inodes=100000 "$small" || backup_die "remount"
	rm -rf "${small:?}"/* "$T/repo" "$T/home/cache"
	RESTIC_PASSWORD=integ
	export RESTIC_CACHE_DIR=$T/home/cache TMPDIR=$T
	case $1 in
	restore | cache | spool) repo=$T/repo ;;
	*) repo=$small/repo ;;
	esac
	place=$repo
	case $1 in
	init) return ;;
	copy) cp -a "$T/empty" "$repo" ;;
	*) cp -a "$T/master" "$repo" ;;
	esac
	case $1 in
	prune) "$NB" -r "$repo" forget -q --keep-last 2 || backup_die "forget" ;;
	cache) RESTIC_CACHE_DIR=$small/cache ;;
	esac
	if [[ $1 = cache || $1 = spool ]] && [ -n "$rest_server" ]; then # a local one has neither
		place=rest:http://127.0.0.1:$port/repo
		[ -n "$server" ] || stores_rest "$T" "$port" --no-auth
	fi
	[ "$1" != spool ] || TMPDIR=$small
	damage "$1"
}
run() {
	case $1 in
	init) "$NB" -r "$repo" init -q ;;
	backup) "$NB" -r "$repo" backup -q --checkpoint 1ms --time '2030-01-01 00:00:00' "$T/trees/new" ;;
	add) "$NB" -r "$repo" key --new-password-file "$T/other-password" add ;;
	passwd) "$NB" -r "$repo" key --new-password-file "$T/other-password" passwd ;;
	forget) "$NB" -r "$repo" forget -q --keep-last 2 --prune --max-unused 0 ;;
	prune) "$NB" -r "$repo" prune -q --max-unused 0 ;;
	copy) "$NB" -r "$repo" copy -q --from-repo "$T/master" ;;
	tag) "$NB" -r "$repo" tag -q --add kept ;;
	index) "$NB" -r "$repo" repair -q index ;;
	snapshots) "$NB" -r "$repo" repair -q --forget snapshots ;;
	packs) "$NB" -r "$repo" repair -q packs "$pack" ;;
	restore) "$NB" -r "$repo" restore -q "latest:$T/src" --target "$small/out" ;;
	cache) "$NB" -r "$place" backup -q --checkpoint 1ms --time '2030-01-01 00:00:00' "$T/trees/new" &&
		"$NB" -r "$place" ls -q latest >/dev/null && "$NB" -r "$place" check -q ;;
	spool) "$NB" -r "$place" backup -q --time '2030-01-01 00:00:00' "$T/trees/new" ;;
	esac
}
check() { "$NB" --no-lock -r "$repo" check -q --read-data >"$T/check" 2>&1; }
# Files and folders that stand on the small disk, with the KiB that each takes.
standing() { find "$small" -mindepth 1 -printf '%P %k\n' | sort; }

cd "$T" || exit 1
declare -A kib inodes want met points
for op in "${ops[@]}"; do
	start "$op"
	standing >"$T/before"
	run "$op" >"$T/out" 2>&1 || backup_die "$op: $(cat "$T/out")"
	standing >"$T/after"
	# What is new: of what is written most stays. And a lock, a temporary file.
	kib[$op]=$(comm -13 "$T/before" "$T/after" | awk '{ n += int(($NF + 3) / 4) * 4 } END { print n + 8 }')
	inodes[$op]=$(($(comm -13 "$T/before" "$T/after" | wc -l) + 2))
	[ "$op" != passwd ] || RESTIC_PASSWORD=other
	want[$op]=$(trees "$repo")
done

full=0
each=$(((POINTS + ${#ops[@]} - 1) / ${#ops[@]}))
for ((point = 0; point < POINTS; point++)); do
	op=${ops[$((point % ${#ops[@]}))]}
	part=$((point / ${#ops[@]}))
	start "$op"
	before=$([ "$op" = init ] || trees "$repo")
	if [ $((RANDOM % 4)) = 0 ]; then # no more than so many new files
		room=$(((part * inodes[$op] + RANDOM % inodes[$op]) / each))
		unit=inodes
		taken=$(stat -f -c '%c - %d' "$small")
		mount -o "remount,nr_inodes=$((taken + room))" "$small" || backup_die "remount"
	else
		room=$(((part * kib[$op] + RANDOM % kib[$op]) / each / 4 * 4))
		unit=KiB
		free=$(($(stat -f -c '%a * %S' "$small") - room * 1024))
		fallocate -l "$free" "$small/filler" || backup_die "filler"
	fi
	what="point $point, seed ${SEED:-4711}: $op with $room $unit of $([ $unit = KiB ] && echo "${kib[$op]}" || echo "${inodes[$op]}")"
	run "$op" >"$T/out" 2>&1
	code=$?
	points[$op]=$((${points[$op]:-0} + 1))
	if [ "$code" != 0 ]; then
		full=$((full + 1))
		met[$op]=$((${met[$op]:-0} + 1))
		[ "$op" != cache ] || backup_die "$what: a full cache is in the way: $(cat "$T/out")"
		[ "$code" = 1 ] || backup_die "$what: exit $code: $(cat "$T/out")"
		grep -q 'No space left on device' "$T/out" || backup_die "$what: $(cat "$T/out")"
		# A repair tells of each thing that is lost as well.
		[ "$(grep -v '^nexus-backup: [0-9a-f]\{64\}: ' "$T/out" | grep -c 'nexus-backup:')" = 1 ] ||
			backup_die "$what: $(cat "$T/out")"
	fi
	# On the full disk.
	[ "$op" != passwd ] || "$NB" -r "$repo" --no-lock cat config >/dev/null 2>&1 || RESTIC_PASSWORD=other
	if [ "$op" != init ]; then
		is_damaged "$op" || check || backup_die "$what: our check: $(cat "$T/check")"
		missing=$(comm -23 <([ "$op" = forget ] && echo "${want[$op]}" || echo "$before") <(trees "$repo"))
		[ "$op" = snapshots ] || [ -z "$missing" ] || backup_die "$what: gone: $missing"
		if [ -n "$restic" ] && [ $((point % 3)) = 0 ] && ! is_damaged "$op"; then
			"$restic" -r "$repo" check -q --no-cache --no-lock --read-data >"$T/check" 2>&1 ||
				backup_die "$what: restic's check: $(cat "$T/check")"
		fi
	fi
	[ "$op" = restore ] || [ -z "$(find "$repo" -name '.nexus-*' 2>/dev/null)" ] ||
		backup_die "$what: temporary files were left"
	[ -z "$(ls -A "$repo/locks" 2>/dev/null)" ] || backup_die "$what: locks were left"
	# With room again.
	rm -f "$small/filler"
	mount -o remount,nr_inodes=100000 "$small" || backup_die "remount"
	if [ "$code" != 0 ]; then
		run "$op" >"$T/out" 2>&1 || backup_die "$what: the next run: $(cat "$T/out")"
	fi
	[ "$op" != passwd ] || RESTIC_PASSWORD=other
	[ "$op" != add ] || RESTIC_PASSWORD=other "$NB" -r "$repo" cat config >/dev/null ||
		backup_die "$what: the new password does not open it"
	[ "$(trees "$repo")" = "${want[$op]}" ] || {
		diff <(trees "$repo") <(echo "${want[$op]}")
		backup_die "$what: the next run came to something else"
	}
	[ "$op" = packs ] || check || backup_die "$what: check after the next run: $(cat "$T/check")"
	case $op in
	backup | cache | spool)
		rm -rf "$T/out-tree"
		"$NB" -r "$place" restore -q "latest:$T/trees/new" --target "$T/out-tree" || backup_die "$what: restore"
		diff -r "$T/trees/new" "$T/out-tree" || backup_die "$what: restored otherwise" ;;
	restore) diff -r "$T/src" "$small/out" || backup_die "$what: restored otherwise" ;;
	prune | forget)
		# As restic's: forget prunes when it forgot something.
		[ "$op" = prune ] || [ "$code" = 0 ] || "$NB" -r "$repo" prune -q --max-unused 0 ||
			backup_die "$what: prune"
		"$NB" -r "$repo" prune --json --max-unused 0 | tail -n 1 | grep -q '"total_freed_bytes":0,' ||
			backup_die "$what: the next run left something" ;;
	esac
	[ -z "$(find "$repo" "$small" -name '.nexus-*')" ] || backup_die "$what: temporary files were left"
	[ -z "$(ls -A "$repo/locks")" ] || backup_die "$what: locks were left"
done
[ "$full" -ge $((POINTS / 2)) ] || backup_die "only $full of $POINTS runs met a full disk"
echo "ok: $full of $POINTS points met a full disk, seed ${SEED:-4711}; points, met, KiB, inodes:"
for op in "${ops[@]}"; do echo "$op ${points[$op]:-0} ${met[$op]:-0} ${kib[$op]} ${inodes[$op]}"; done
exit 0
