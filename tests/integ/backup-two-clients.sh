#!/bin/bash
# Two clients at one repository at once, one of them restic: both back up, ours prunes while
# restic backs up and the other way round, each sees the other's locks as they are: alive, left
# by a dead process, of another machine. Here and behind restic's REST server. Afterwards both
# checks are clean, and all snapshots restore by both.
# timeout: 600
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
restic=$(restic_peers_new || restic_peers_old) || stores_skip "no restic here"
rest_server=$(restic_peers_server 2>/dev/null) || rest_server=
export TZ=UTC
paths=$T/paths
mkdir -p "$T/ours" "$T/theirs" "$T/small" "$T/both"
for i in 1 2 3; do
	head -c 2000000 /dev/urandom >"$T/ours/r$i"
	head -c 2000000 /dev/urandom >"$T/theirs/r$i"
	head -c 1500000 /dev/urandom >"$T/both/r$i"
done
cp -r "$T/both" "$T/ours/both"
cp -r "$T/both" "$T/theirs/both"
echo small >"$T/small/file"
# Content that a client waits for as long as we want: so it holds its lock in the middle of work.
mkfifo "$T/ours.pipe" "$T/theirs.pipe"

locks() {
	find "$files/locks" -type f -name '[0-9a-f]*' | wc -l
}
# wait_locks N: until there are N of them.
wait_locks() {
	for _ in $(seq 1 600); do
		[ "$(locks)" != "$1" ] || return 0
		sleep 0.05
	done
	backup_die "not $1 locks: $(ls "$files/locks")"
}
# hold WHO: it begins a backup and waits in it; go_on lets it end.
hold() {
	local before
	before=$(locks)
	case $1 in
	ours) "$NB" backup -q --stdin --stdin-filename ours <"$T/ours.pipe" >"$T/held.log" 2>&1 & ;;
	theirs) "$restic" backup -q --no-cache --stdin --stdin-filename theirs <"$T/theirs.pipe" \
		>"$T/held.log" 2>&1 & ;;
	esac
	held=$!
	exec 7>"$T/$1.pipe"
	wait_locks $((before + 1))
}
go_on() {
	head -c 3000000 /dev/urandom >&7
	exec 7>&-
	wait "$held" || backup_die "$1: the backup beside it failed: $(cat "$T/held.log")"
	wait_locks 0
}
both_check() {
	"$NB" check -q --read-data || backup_die "$1: our check"
	stores_restic_check "$restic"
	[ -z "$(ls -A "$files/locks")" ] || backup_die "$1: locks were left"
}
# Every snapshot of a folder by both programs.
all_restore() {
	local id path
	"$NB" snapshots --json | jq -r '.[] | .short_id + " " + .paths[0]' >"$paths"
	while read -r id path; do
		[ -d "$path" ] || continue
		rm -rf "$T/out" "$T/out2"
		"$NB" restore -q "$id:$path" --target "$T/out" || backup_die "our restore of $id"
		diff -r "$path" "$T/out" || backup_die "we restore $id of $path otherwise"
		"$restic" restore -q --no-cache "$id" --target "$T/out2" >/dev/null || backup_die "its restore of $id"
		diff -r "$path" "$T/out2$path" || backup_die "it restores $id of $path otherwise"
	done <"$paths"
}

# round NAME: RESTIC_REPOSITORY is set; its files are in $files.
round() {
	local pid other count added
	"$NB" init -q || backup_die "init"
	# Both back up at once, again and again, partly the same content.
	for i in 1 2; do
		echo "$i" >"$T/ours/turn"
		echo "$i" >"$T/theirs/turn"
		"$restic" backup -q --no-cache "$T/theirs" >"$T/theirs.log" 2>&1 &
		other=$!
		"$NB" backup -q "$T/ours" >"$T/ours.log" 2>&1 &
		pid=$!
		"$NB" backup -q "$T/small" || backup_die "$1: a third client"
		wait "$pid" || backup_die "$1: our backup beside restic's: $(cat "$T/ours.log")"
		wait "$other" || backup_die "$1: restic's backup beside ours: $(cat "$T/theirs.log")"
	done
	count=$("$NB" snapshots --json | jq length)
	[ "$count" = 6 ] || backup_die "$1: $count snapshots, not 6"
	both_check "$1: at once"
	echo "ok: $1: both back up"

	# restic is in the middle of a backup: who wants the repository alone is told by whom it is
	# locked, at once, and changes nothing; who does not works beside it; --retry-lock waits.
	hold theirs
	for verb in 'prune' 'forget --keep-last 1 --prune' 'check' 'tag --add x' 'repair index' 'key list'; do
		# shellcheck disable=SC2086
		case $verb in
		'key list') "$NB" $verb >/dev/null || backup_die "$1: $verb beside a backup" ;;
		*) expect 11 "locked by process [0-9]* of $(id -un) on $(uname -n) since" "$NB" $verb ;;
		esac
	done
	"$NB" backup -q "$T/small" || backup_die "$1: our backup beside a held one"
	"$NB" unlock -q || backup_die "$1: unlock"
	[ "$(locks)" = 1 ] || backup_die "$1: our unlock removes a living lock"
	"$NB" prune -q --retry-lock 2m --max-unused 0 >"$T/pruned.log" 2>&1 7>&- &
	pid=$!
	sleep 1
	kill -0 "$pid" 2>/dev/null || backup_die "$1: --retry-lock does not wait: $(cat "$T/pruned.log")"
	go_on "$1, prune waits"
	wait "$pid" || backup_die "$1: prune --retry-lock: $(cat "$T/pruned.log")"
	expect 0 '' "$NB" forget -q --keep-last 1 --prune --max-unused 0
	both_check "$1: ours prunes"
	all_restore
	echo "ok: $1: restic backs up, ours prunes"

	# The other way round: restic's prune keeps off while ours backs up, and its unlock leaves
	# our lock alone; SIGHUP, by which it asks whether we live, does not end us.
	hold ours
	"$restic" prune --no-cache >"$T/stdout" 2>&1 && backup_die "$1: restic's prune ignores our lock"
	grep -q 'already locked\|PID' "$T/stdout" || backup_die "$1: restic says: $(cat "$T/stdout")"
	"$restic" backup -q --no-cache "$T/theirs" || backup_die "$1: restic's backup beside ours"
	"$restic" unlock --no-cache >"$T/stdout" 2>&1 || backup_die "$1: restic's unlock"
	[ "$(locks)" = 1 ] || backup_die "$1: restic's unlock removes our living lock"
	kill -0 "$held" 2>/dev/null || backup_die "$1: restic's look ended us"
	go_on "$1, restic's prune"
	"$restic" forget -q --no-cache --keep-last 1 --prune --max-unused 0 >"$T/stdout" 2>&1 ||
		backup_die "$1: restic's forget --prune: $(cat "$T/stdout")"
	both_check "$1: restic prunes"
	all_restore
	# What restic's prune packed anew, ours finds: nothing is stored twice.
	added=$("$NB" backup --json "$T/ours" | tail -n 1)
	[[ $added == *'"data_blobs":0,'* ]] || backup_die "$1: stored twice: $added"
	echo "ok: $1: ours backs up, restic prunes"

	# A dead client's lock: the other one's prune is not stopped by it (restic after its unlock).
	hold theirs
	kill -9 "$held"
	wait "$held" 2>/dev/null
	exec 7>&-
	[ "$(locks)" = 1 ] || backup_die "$1: restic left no lock"
	"$NB" prune -q || backup_die "$1: a dead restic's lock is in the way"
	[ -z "$(ls "$files/locks")" ] || backup_die "$1: a dead restic's lock was left"
	hold ours
	kill -9 "$held"
	wait "$held" 2>/dev/null
	exec 7>&-
	"$restic" unlock --no-cache >/dev/null 2>&1 || backup_die "$1: restic's unlock"
	[ -z "$(ls "$files/locks")" ] || backup_die "$1: restic takes our dead lock for alive"
	both_check "$1: dead locks"
	# Of another machine: a living one stops both, an old one neither for long.
	for who in theirs ours; do
		hold $who
		# The lock is that of a machine of another name, for whoever looks from here.
		for looker in ours theirs; do
			if [ $looker = ours ]; then
				expect 11 "locked by process" unshare -u bash -c 'hostname elsewhere && exec "$@"' - \
					"$NB" prune
			else
				unshare -u bash -c 'hostname elsewhere && exec "$@"' - "$restic" prune --no-cache \
					>"$T/stdout" 2>&1 && backup_die "$1: restic elsewhere ignores the lock of $who"
				unshare -u bash -c 'hostname elsewhere && exec "$@"' - "$restic" unlock --no-cache \
					>"$T/stdout" 2>&1 || backup_die "$1: restic's unlock from elsewhere"
			fi
			[ "$(locks)" = 1 ] || backup_die "$1: $looker elsewhere removed the lock of $who"
		done
		go_on "$1, $who seen from elsewhere"
	done
	echo "ok: $1: locks"
}

files=$T/local
export RESTIC_REPOSITORY=$files
round local
if [ -n "$rest_server" ]; then
	port=$(stores_free_port)
	files=$T/rest/repo
	mkdir -p "$T/rest"
	stores_rest "$T/rest" "$port" --no-auth
	export RESTIC_REPOSITORY=rest:http://127.0.0.1:$port/repo
	round rest
fi
exit 0
