#!/bin/bash
# kill -9 at random moments of backup, forget, prune, copy, tag, key and repair: at the nth call
# that changes files, before or behind it. After each kill what is acknowledged is there and whole,
# by our check and, every other time, restic's; the next run goes on, and comes to the same as one
# that was never killed. Replayable by SEED (4711); KILLS: how many (40; 300 take half an hour);
# OPS: of which operations. The kills of one are spread over its run.
# timeout: 900
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
. "$SRC/tests/integ/flip.bash"
NB=$BUILD/backup/nexus-backup
kill_at=$BUILD/tests/integ/libtest-kill-at.so
export RESTIC_PASSWORD=integ RESTIC_FROM_PASSWORD=integ RESTIC_CACHE_DIR=$T/cache TZ=UTC
RANDOM=${SEED:-4711}
KILLS=${KILLS:-40}
restic=$(restic_peers_new || restic_peers_old) || restic=
read -ra ops <<<"${OPS:-backup forget prune copy tag add passwd index snapshots packs}"

# Six snapshots with much in common: each forgotten one leaves packs that are partly used.
mkdir -p "$T/src/many" "$T/trees"
"$NB" -r "$T/master" init -q || backup_die "init"
for i in $(seq 1 6); do
	for k in 1 2 3; do head -c 60000 /dev/urandom >"$T/src/r$(((i * k + k) % 7))"; done
	for k in $(seq 1 30); do echo "file $((i / 2 + k))" >"$T/src/many/f$k"; done
	echo "$i" >"$T/src/round"
	"$NB" -r "$T/master" backup -q "$T/src" || backup_die "backup $i"
	cp -r "$T/src" "$T/trees/$i"
done
cp -r "$T/src" "$T/trees/7"
for k in 2 4 5; do head -c 900000 /dev/urandom >"$T/trees/7/r$k"; done
echo changed >"$T/trees/7/many/f12"
echo other >"$T/other-password"
# A new tree holds the times of the folders above, which change here; and a run that was killed
# behind its snapshot makes a second one.
trees() { "$NB" --no-lock -r "$1" snapshots --json |
	jq -r '.[] | .time + (if .time > "2030" then "" else " " + .tree end)' | sort -u; }
check() { "$NB" --no-lock -r "$1" check -q --read-data >"$T/check" 2>&1; }
damage() { # of a kind that the repair is for
	case $1 in
	index) find "$T/repo/index" -type f | sort | sed -n '1~2p' | xargs rm -f ;;
	snapshots) find "$T/repo/data" -type f -size -6k | sort | head -n 2 | xargs rm -f
		"$NB" -r "$T/repo" repair -q index || backup_die "repair index" ;;
	packs) pack=$(find "$T/repo/data" -type f -size +50k | sort | head -n 1)
		flip "$pack" 5000
		pack=$(basename "$pack") ;;
	esac
}
start() { # fresh repositories for operation $1
	rm -rf "$T/repo" "$T/second" "$T/cache"
	cp -a "$T/master" "$T/repo"
	RESTIC_PASSWORD=integ
	case $1 in
	prune) "$NB" -r "$T/repo" forget -q --keep-last 3 || backup_die "forget" ;;
	copy) cp -a "$T/empty" "$T/second" ;;
	esac
	damage "$1"
}
run() {
	case $1 in
	backup) "$NB" -r "$T/repo" backup -q --checkpoint 1ms --time '2030-01-01 00:00:00' "$T/trees/7" ;;
	add) "$NB" -r "$T/repo" key --new-password-file "$T/other-password" add ;;
	passwd) # of a run that was killed at its end nothing but its lock is left
		if [ $RESTIC_PASSWORD = other ]; then
			"$NB" -r "$T/repo" unlock -q
		else
			"$NB" -r "$T/repo" key --new-password-file "$T/other-password" passwd
		fi ;;
	forget) "$NB" -r "$T/repo" forget -q --keep-last 3 --prune --max-unused 0 ;;
	prune) "$NB" -r "$T/repo" prune -q --max-unused 0 ;;
	copy) "$NB" -r "$T/second" copy -q --from-repo "$T/repo" ;;
	tag) "$NB" -r "$T/repo" tag -q --add kept ;;
	index) "$NB" -r "$T/repo" repair -q index ;;
	snapshots) "$NB" -r "$T/repo" repair -q --forget snapshots ;;
	packs) "$NB" -r "$T/repo" repair -q packs "$pack" ;;
	esac
}
place() { [ "$1" = copy ] && echo "$T/second" || echo "$T/repo"; }
is_damaged() { [[ " index snapshots packs " = *" $1 "* ]]; }

"$NB" -r "$T/empty" init -q || backup_die "init"
cd "$T" || exit 1
declare -A calls want
for op in "${ops[@]}"; do
	start "$op"
	LD_PRELOAD=$kill_at KILL_COUNT=$T/count run "$op" >"$T/out" 2>&1 ||
		backup_die "$op: $(cat "$T/out")"
	calls[$op]=$(cat "$T/count")
	[ "$op" != passwd ] || RESTIC_PASSWORD=other
	want[$op]=$(trees "$(place "$op")")
done
killed=0
finished=0
each=$(((KILLS + ${#ops[@]} - 1) / ${#ops[@]}))
declare -A kills
while [ "$killed" -lt "$KILLS" ]; do
	op=${ops[$((killed % ${#ops[@]}))]}
	part=$((killed / ${#ops[@]}))
	at=$((1 + (part * calls[$op] + RANDOM % calls[$op]) / each))
	# The last one comes when old things go: there a wrong order shows.
	[ "$part" -lt $((each - 1)) ] || at=$((calls[$op] - RANDOM % (1 + calls[$op] / 10)))
	behind=$((RANDOM % 2))
	unset KILL_AFTER
	[ "$behind" = 0 ] || export KILL_AFTER=1
	start "$op"
	place=$(place "$op")
	before=$(trees "$place")
	what="kill $killed, seed ${SEED:-4711}: $op at call $at of ${calls[$op]}, behind: $behind"
	LD_PRELOAD=$kill_at KILL_AT=$at run "$op" >"$T/out" 2>&1
	code=$?
	# Threads do not always come to the same number of calls.
	if [ "$op" = backup ] && [ "$code" = 0 ] && [ "$finished" -lt "$KILLS" ]; then
		finished=$((finished + 1))
		continue
	fi
	# A destructor writes nothing when the last call is the one.
	[ "$code" = 137 ] || backup_die "$what: not killed, exit $code"
	killed=$((killed + 1))
	kills[$op]=$((${kills[$op]:-0} + 1))
	if [ "$op" = passwd ] && ! "$NB" -r "$place" --no-lock cat config >"$T/out" 2>&1; then
		RESTIC_PASSWORD=other # then the new one must do
	fi
	is_damaged "$op" || check "$place" || backup_die "$what: our check: $(cat "$T/check")"
	# What stays by the rules was there all the time.
	missing=$(comm -23 <(echo "${want[$op]}") <(trees "$place"))
	[[ " backup copy snapshots " = *" $op "* ]] || [ -z "$missing" ] ||
		backup_die "$what: gone: $missing"
	gone=$(comm -23 <(echo "$before") <(trees "$place"))
	[ "$op" = forget ] || [ "$op" = snapshots ] || [ -z "$gone" ] || backup_die "$what: gone: $gone"
	if [ -n "$restic" ] && [ $((killed % 2)) = 0 ] && ! is_damaged "$op"; then
		# The dead run's lock stays: it tells the next one what was not finished.
		"$restic" -r "$place" check -q --no-cache --no-lock --read-data >"$T/check" 2>&1 ||
			backup_die "$what: restic's check: $(cat "$T/check")"
	fi
	# A key that is there already can't be added again: what is left is the lock.
	if [ "$op" = add ] && RESTIC_PASSWORD=other "$NB" -r "$place" --no-lock cat config >/dev/null 2>&1; then
		"$NB" -r "$place" unlock -q || backup_die "$what: unlock"
	else
		run "$op" >"$T/out" 2>&1 || backup_die "$what: the next run: $(cat "$T/out")"
	fi
	[ "$op" != packs ] || [ -z "$(find "$place/data" -name "$pack")" ] ||
		backup_die "$what: the next run left the damaged pack"
	[ "$op" != passwd ] || RESTIC_PASSWORD=other
	[ "$op" != add ] || RESTIC_PASSWORD=other "$NB" -r "$place" cat config >"$T/out" ||
		backup_die "$what: the new password does not open it"
	if [ "$op" = backup ]; then
		rm -rf "$T/out-tree"
		"$NB" -r "$place" restore -q "latest:$T/trees/7" --target "$T/out-tree" || backup_die "$what: restore"
		diff -r "$T/trees/7" "$T/out-tree" || backup_die "$what: restored otherwise"
		[ -z "$(find "$T/cache" -path '*/checkpoints/*')" ] || backup_die "$what: a checkpoint was left"
	fi
	[ "$(trees "$place")" = "${want[$op]}" ] || {
		diff <(trees "$place") <(echo "${want[$op]}")
		backup_die "$what: the next run came to something else"
	}
	[ "$op" = packs ] || check "$place" || backup_die "$what: check after the next run: $(cat "$T/check")"
	# Others may be at work beside who adds a key: it tidies nothing up.
	[ "$op" != add ] || "$NB" -r "$place" prune -q || backup_die "$what: prune"
	[ -z "$(find "$place" -name '.nexus-*')" ] || backup_die "$what: temporary files were left"
	[ -z "$(ls -A "$place/locks")" ] || backup_die "$what: locks were left"
	if [ "$op" = forget ] || [ "$op" = prune ]; then
		"$NB" -r "$place" prune --json --max-unused 0 >"$T/out" || backup_die "$what: prune"
		tail -n 1 "$T/out" | grep -q '"total_freed_bytes":0,' ||
			backup_die "$what: the next run left something: $(tail -n 1 "$T/out")"
	fi
	if [ $((killed % 10)) = 9 ] && [ "$op" != backup ] && ! is_damaged "$op"; then
		rm -rf "$T/out-tree"
		"$NB" -r "$T/repo" --no-lock restore -q "latest:$T/src" --target "$T/out-tree" ||
			backup_die "$what: restore"
		diff -r "$T/trees/6" "$T/out-tree" || backup_die "$what: restored otherwise"
	fi
done
echo "ok: $killed kills, seed ${SEED:-4711}; of each how many, and calls that change files:"
for op in "${ops[@]}"; do echo "$op ${kills[$op]:-0} ${calls[$op]}"; done
exit 0
