#!/bin/bash
# A proxy in front of restic's REST server answers late, wrong, half, twice, something else, or not
# at all, or loses what was sent: what may heal does, what can't is a clear error in bounded time,
# and nothing wrong is ever stored or given out. FAULTS: each of these alone and slower, as
# "lost twice ..."; without it all that heal come by turns.
# timeout: 600
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
rest_server=$(restic_peers_server) || stores_skip "no restic-rest-server here"
restic=$(restic_peers_new || restic_peers_old) || restic=
real=$(stores_free_port)
mkdir "$T/files"
stores_rest "$T/files" "$real" --no-auth
others+=("$server")
port=$(stores_free_port)
direct=rest:http://127.0.0.1:$real/repo
export RESTIC_REPOSITORY=rest:http://127.0.0.1:$port/repo
NBC=$NB
NB=$T/nb
printf '#!/bin/sh\nexec "%s" --no-cache "$@"\n' "$NBC" >"$NB"
chmod +x "$NB"
mkdir "$T/src"
for i in 1 2 3; do head -c 2000000 /dev/urandom >"$T/src/r$i"; done
for i in $(seq 1 40); do echo "file $i" >"$T/src/small-$i"; done

# What heals: every fourth request, of init, backup, forget, prune, check and restore.
heals=lost,twice,late,reset,half,upload,500,503
read -ra faults <<<"${FAULTS:-$heals}"
for fault in "${faults[@]}"; do
	rm -rf "$T/files/repo" "$T/out"
	stores_faults "$real" "$port" --fault "$fault" --every 4 --late 0.7
	"$NB" init -q || backup_die "$fault: init"
	"$NB" backup -q "$T/src" || backup_die "$fault: backup"
	head -c 2000000 /dev/urandom >"$T/src/r2"
	"$NB" backup -q "$T/src" || backup_die "$fault: second backup"
	"$NB" forget -q --keep-last 1 --prune --max-unused 0 || backup_die "$fault: forget --prune"
	[ "$("$NB" snapshots --json | jq length)" = 1 ] || backup_die "$fault: not one snapshot"
	"$NB" restore -q latest --target "$T/out" || backup_die "$fault: restore"
	diff -r "$T/src" "$T/out$T/src" || backup_die "$fault: other files"
	stores_kill
	"$NB" -r "$direct" check -q --read-data || backup_die "$fault: check"
	"$NB" -r "$direct" prune --json --max-unused 0 | tail -n 1 | grep -q '"total_freed_bytes":0,' ||
		backup_die "$fault: prune left something"
	[ -z "$(ls "$T/files/repo/locks")" ] || backup_die "$fault: locks were left"
	[ -z "$restic" ] || RESTIC_REPOSITORY=$direct stores_restic_check "$restic"
done
echo "ok: healed"

# What does not heal, on content and lists: an end in bounded time, one sentence, nothing wrong.
given_out() {
	[ ! -d "$T/out" ] || (cd "$T/out" && find . -type f -size +0) | while read -r file; do
		cmp -s "$T/out/$file" "/$file" || echo "$file"
	done
}
for case in silent/data/ late/data/ garbage/data/ half/data/ short/data/ wrong/data/ other/data/ \
	wrong/index/ short/snapshots/ wrong/keys/ wrong/config reset/keys/ 500/index/; do
	fault=${case%%/*}
	stores_faults "$real" "$port" --fault "$fault" --path "/repo/${case#*/}" --late 30
	started=$SECONDS
	rm -rf "$T/out"
	"$NB" -o net.timeout=1s -o net.retry-for=1s restore -q latest --target "$T/out" \
		>/dev/null 2>"$T/stderr"
	code=$?
	[ $((SECONDS - started)) -le 90 ] || backup_die "$case: told after $((SECONDS - started)) s"
	[ "$code" != 0 ] || backup_die "$case: restore went well"
	[ "$code" = 1 ] || [ "$case$code" = wrong/keys/12 ] || backup_die "$case: exit $code: $(cat "$T/stderr")"
	grep -q '^nexus-backup: ' "$T/stderr" || backup_die "$case: not told: $(cat "$T/stderr")"
	wrong=$(given_out)
	[ -z "$wrong" ] || backup_die "$case: restored wrong files: $wrong"
	stores_kill
done
echo "ok: told"

# What is sent arrives by half, or nobody answers: the backup fails, and hurts nothing.
count=$("$NB" -r "$direct" snapshots --json | jq length)
for case in upload/data/ silent/data/ lost/index/ garbage/snapshots/; do
	fault=${case%%/*}
	stores_faults "$real" "$port" --fault "$fault" --method POST --path "/repo/${case#*/}"
	head -c 1000000 /dev/urandom >"$T/src/new"
	started=$SECONDS
	"$NB" -o net.timeout=1s -o net.retry-for=1s backup -q "$T/src" >/dev/null 2>"$T/stderr"
	code=$?
	[ $((SECONDS - started)) -le 90 ] || backup_die "$case: told after $((SECONDS - started)) s"
	[ "$code" = 1 ] || backup_die "$case: exit $code: $(cat "$T/stderr")"
	[ "$(grep -c '^nexus-backup: ' "$T/stderr")" = 1 ] ||
		backup_die "$case: not one sentence: $(cat "$T/stderr")"
	stores_kill
	"$NB" -r "$direct" check -q --read-data || backup_die "$case: check"
	[ -z "$(ls "$T/files/repo/locks")" ] || backup_die "$case: locks were left"
done
"$NB" -r "$direct" backup -q "$T/src" || backup_die "the next run"
[ "$("$NB" -r "$direct" snapshots --json | jq length)" = $((count + 1)) ] || backup_die "not one snapshot more"
rm -rf "$T/out"
"$NB" -r "$direct" restore -q latest --target "$T/out" || backup_die "restore at the end"
diff -r "$T/src" "$T/out$T/src" || backup_die "other files at the end"
echo "ok: uploads"
exit 0
