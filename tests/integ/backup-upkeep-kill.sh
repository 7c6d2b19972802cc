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

backup_rounds "$T/master" 6 60000
start() { # fresh repositories for operation $1
	rm -rf "$T/repo" "$T/second" "$T/cache"
	cp -a "$T/master" "$T/repo"
	RESTIC_PASSWORD=integ
	case $1 in
	prune) "$NB" -r "$T/repo" forget -q --keep-last 3 || backup_die "forget" ;;
	copy) cp -a "$T/empty" "$T/second" ;;
	esac
	backup_damage "$T/repo" "$1"
}
run() {
	case $1 in
	passwd) # of a run that was killed at its end nothing but its lock is left
		if [ $RESTIC_PASSWORD = other ]; then
			"$NB" -r "$T/repo" unlock -q
		else
			backup_operate "$T/repo" passwd 3
		fi ;;
	packs) # and of this one nothing at all
		[ -z "$(ls -A "$T/repo/locks")$(find "$T/repo/data" -name "$damaged")" ] ||
			backup_operate "$T/repo" packs 3 ;;
	*) backup_operate "$(place "$1")" "$1" 3 "$T/repo" ;;
	esac
}
place() { [ "$1" = copy ] && echo "$T/second" || echo "$T/repo"; }
"$NB" -r "$T/empty" init -q || backup_die "init"
cd "$T" || exit 1
declare -A calls want
for op in "${ops[@]}"; do
	start "$op"
	LD_PRELOAD=$kill_at KILL_COUNT=$T/count run "$op" >"$T/out" 2>&1 ||
		backup_die "$op: $(cat "$T/out")"
	calls[$op]=$(cat "$T/count")
	[ "$op" != passwd ] || RESTIC_PASSWORD=other
	want[$op]=$(backup_trees "$(place "$op")")
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
	before=$(backup_trees "$place")
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
	backup_is_damaged "$op" || backup_check "$place" || backup_die "$what: our check: $(cat "$T/check")"
	# What stays by the rules was there all the time.
	missing=$(comm -23 <(echo "${want[$op]}") <(backup_trees "$place"))
	[[ " backup copy snapshots " = *" $op "* ]] || [ -z "$missing" ] ||
		backup_die "$what: gone: $missing"
	gone=$(comm -23 <(echo "$before") <(backup_trees "$place"))
	[ "$op" = forget ] || [ "$op" = snapshots ] || [ -z "$gone" ] || backup_die "$what: gone: $gone"
	if [ -n "$restic" ] && [ $((killed % 2)) = 0 ] && ! backup_is_damaged "$op"; then
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
	[ "$op" != packs ] || [ -z "$(find "$place/data" -name "$damaged")" ] ||
		backup_die "$what: the next run left the damaged pack"
	[ "$op" != passwd ] || RESTIC_PASSWORD=other
	[ "$op" != add ] || RESTIC_PASSWORD=other "$NB" -r "$place" cat config >"$T/out" ||
		backup_die "$what: the new password does not open it"
	if [ "$op" = backup ]; then
		rm -rf "$T/out-tree"
		"$NB" -r "$place" restore -q "latest:$T/trees/new" --target "$T/out-tree" || backup_die "$what: restore"
		diff -r "$T/trees/new" "$T/out-tree" || backup_die "$what: restored otherwise"
		[ -z "$(find "$T/cache" -path '*/checkpoints/*')" ] || backup_die "$what: a checkpoint was left"
	fi
	[ "$(backup_trees "$place")" = "${want[$op]}" ] || {
		diff <(backup_trees "$place") <(echo "${want[$op]}")
		backup_die "$what: the next run came to something else"
	}
	[ "$op" = packs ] || backup_check "$place" || backup_die "$what: check after the next run: $(cat "$T/check")"
	# Others may be at work beside who adds a key: it tidies nothing up.
	[ "$op" != add ] || "$NB" -r "$place" prune -q || backup_die "$what: prune"
	[ -z "$(find "$place" -name '.nexus-*')" ] || backup_die "$what: temporary files were left"
	[ -z "$(ls -A "$place/locks")" ] || backup_die "$what: locks were left"
	if [ "$op" = forget ] || [ "$op" = prune ]; then
		"$NB" -r "$place" prune --json --max-unused 0 >"$T/out" || backup_die "$what: prune"
		tail -n 1 "$T/out" | grep -q '"total_freed_bytes":0,' ||
			backup_die "$what: the next run left something: $(tail -n 1 "$T/out")"
	fi
	if [ $((killed % 10)) = 9 ] && [ "$op" != backup ] && ! backup_is_damaged "$op"; then
		rm -rf "$T/out-tree"
		"$NB" -r "$T/repo" --no-lock restore -q "latest:$T/src" --target "$T/out-tree" ||
			backup_die "$what: restore"
		diff -r "$T/trees/6" "$T/out-tree" || backup_die "$what: restored otherwise"
	fi
done
echo "ok: $killed kills, seed ${SEED:-4711}; of each how many, and calls that change files:"
for op in "${ops[@]}"; do echo "$op ${kills[$op]:-0} ${calls[$op]}"; done
exit 0
