#!/bin/bash
# While the last packs go up over a slow line, on a local disk too, the progress goes on and says
# so, and the lock is refreshed, also when packs hold all connections. Told to stop, it ends in
# bounded time; told twice, at once; what it leaves is clean, without a lock.
# timeout: 300
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
restic_peers_fetch || stores_skip "no REST server here"
rest_server=$(restic_peers_server) || stores_skip "no REST server here"
port=$(stores_free_port)
stores_rest "$T/served" "$port" --no-auth
mkdir "$T/src"
head -c 2500000 /dev/urandom >"$T/src/file"
places=(rest local)
location() {
	case $1 in
	rest) echo "rest:http://127.0.0.1:$port/$2" ;;
	sftp) echo "sftp:box:$T/sftp-$2" ;;
	*) echo "$T/local-$2" ;;
	esac
}
folder() { [ "$1" != rest ] && echo "$T/$1-$2" || echo "$T/served/$2"; }
over=()
if [ "$(id -u)" = 0 ] && [ -x /usr/sbin/sshd ] && unshare -m true 2>/dev/null; then
	others+=("$server")
	stores_sshd "$T/box" "$(stores_free_port)"
	over=(-o "sftp.config=$T/box/ssh_config")
	places+=(sftp)
fi
run() { "$NB" -r "$(location "$1" "$2")" "${over[@]}" "${@:3}"; }

# --- It takes six seconds; one connection is all that packs may have. ---
slow() {
	local place=$1 at pid names=0 last='' now lines steps
	run "$place" slow init -q || backup_die "init $place"
	at=$(folder "$place" slow)
	NEXUS_BACKUP_LOCK_REFRESH=1s "$NB" -r "$(location "$place" slow)" "${over[@]}" -o "$place.connections=1" \
		--limit-upload 400 backup --json "$T/src" >"$place.out" 2>"$place.err" &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		now=$(find "$at/locks" -type f -name '????????????????*' | tail -n 1)
		[ -z "$now" ] || [ "$now" = "$last" ] || names=$((names + 1))
		last=$now
		sleep 0.1
	done
	wait $pid || backup_die "$place: $(cat "$place.out" "$place.err")"
	[ $names -ge 4 ] || backup_die "$place: $names locks in six seconds"
	[ -z "$last" ] || [ -z "$(ls "$at/locks")" ] || backup_die "$place: a lock was left"
	jq -rs '[.[] | select(.phase == "saving")] | [length, (map(.bytes_to_go // 0) | unique | length)] | @tsv' \
		"$place.out" >"$place.saving"
	read -r lines steps <"$place.saving"
	[ "$lines" -ge 6 ] || backup_die "$place: $lines lines while it saves: $(cat "$place.out")"
	[ "$place" = local ] || [ "$steps" -ge 5 ] || backup_die "$place: what is to go: $(cat "$place.out")"
	jq -es 'last | .message_type == "summary"' "$place.out" >"$place.last" || backup_die "$place: no summary"
	run "$place" slow check -q --read-data || backup_die "$place: check"
}

# --- A line on which it would take minutes. stop PLACE once|twice MILLISECONDS ---
stop() {
	local place=$1 name=$2 most=$3 pid began took code
	run "$place" "$name" init -q || backup_die "init $place"
	"$NB" -r "$(location "$place" "$name")" "${over[@]}" --limit-upload 20 backup "$T/src" \
		>"$name-$place.out" 2>&1 &
	pid=$!
	sleep 2
	began=$(date +%s%N)
	kill -INT $pid
	if [ "$name" = twice ]; then
		sleep 1
		kill -INT $pid
	fi
	wait $pid
	code=$?
	took=$((($(date +%s%N) - began) / 1000000))
	[ $code = 130 ] || backup_die "$name $place: exit $code: $(cat "$name-$place.out")"
	grep -q interrupted "$name-$place.out" || backup_die "$name $place: says $(cat "$name-$place.out")"
	[ $took -le "$most" ] || backup_die "$name $place: it took $took ms to end"
	[ -z "$(run "$place" "$name" list locks --no-lock)" ] || backup_die "$name $place: a lock was left"
	run "$place" "$name" check -q --read-data || backup_die "$name $place: check"
	echo "$name $place: $took ms"
}
cd "$T" || exit 1
jobs=()
for place in "${places[@]}"; do
	slow "$place" &
	jobs+=($!)
	stop "$place" once 15000 &
	jobs+=($!)
	stop "$place" twice 5000 &
	jobs+=($!)
done
failed=0
for job in "${jobs[@]}"; do
	wait "$job" || failed=1
done
exit $failed
