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
mkdir "$T/small" "$T/home"
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=400m tmpfs "$T/small" 2>/dev/null; then
	stores_skip "a small file system can't be mounted here"
fi
trap 'stores_end; umount "$T/small"' EXIT
restic=$(restic_peers_new || restic_peers_old) || restic=
rest_server=$(restic_peers_server 2>/dev/null) || rest_server=
read -ra ops <<<"${OPS:-init backup forget prune copy tag add passwd index snapshots packs restore cache spool}"
small=$T/small
port=$(stores_free_port)

backup_rounds "$T/master" 4 120000
"$NB" -r "$T/empty" init -q || backup_die "init"

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
	backup_damage "$repo" "$1"
}
run() {
	case $1 in
	init) "$NB" -r "$repo" init -q ;;
	restore) "$NB" -r "$repo" restore -q "latest:$T/src" --target "$small/out" ;;
	cache) backup_operate "$place" backup 2 &&
		"$NB" -r "$place" ls -q latest >/dev/null && "$NB" -r "$place" check -q ;;
	spool) "$NB" -r "$place" backup -q --time '2030-01-01 00:00:00' "$T/trees/new" ;;
	*) backup_operate "$repo" "$1" 2 "$T/master" ;;
	esac
}
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
	want[$op]=$(backup_trees "$repo")
done

full=0
each=$(((POINTS + ${#ops[@]} - 1) / ${#ops[@]}))
for ((point = 0; point < POINTS; point++)); do
	op=${ops[$((point % ${#ops[@]}))]}
	part=$((point / ${#ops[@]}))
	start "$op"
	before=$([ "$op" = init ] || backup_trees "$repo")
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
		backup_is_damaged "$op" || backup_check "$repo" || backup_die "$what: our check: $(cat "$T/check")"
		missing=$(comm -23 <([ "$op" = forget ] && echo "${want[$op]}" || echo "$before") <(backup_trees "$repo"))
		[ "$op" = snapshots ] || [ -z "$missing" ] || backup_die "$what: gone: $missing"
		if [ -n "$restic" ] && [ $((point % 3)) = 0 ] && ! backup_is_damaged "$op"; then
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
	[ "$(backup_trees "$repo")" = "${want[$op]}" ] || {
		diff <(backup_trees "$repo") <(echo "${want[$op]}")
		backup_die "$what: the next run came to something else"
	}
	[ "$op" = packs ] || backup_check "$repo" || backup_die "$what: check after the next run: $(cat "$T/check")"
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
