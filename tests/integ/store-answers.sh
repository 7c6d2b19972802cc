#!/bin/bash
# A server that answers late, wrong, half, twice or not at all: what may heal does, what can't is a
# clear error in bounded time, and nothing wrong is ever stored or given out.
# timeout: 600
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
port=$(stores_free_port)
export AWS_ACCESS_KEY_ID=AKIDDOUBLE AWS_SECRET_ACCESS_KEY='secret/of+the double'
unset AWS_DEFAULT_REGION AWS_REGION AWS_SESSION_TOKEN
export RESTIC_REPOSITORY=s3:http://127.0.0.1:$port/bucket/repo
NBC=$NB
NB=$T/nb
printf '#!/bin/sh\nexec "%s" --no-cache "$@"\n' "$NBC" >"$NB"
chmod +x "$NB"
stores_source 2
stores_s3 "$T/files" "$port"
"$NB" init -q || backup_die "init"
"$NB" backup -q "$T/src" || backup_die "backup"
stores_kill

# Done, but the answer is lost: the same request comes twice. Late: longer than others take.
for fault in lost late; do
	head -c 3000000 /dev/urandom >"$T/src/$fault"
	stores_s3 "$T/files" "$port" --fault "$fault" --fault-every 5
	"$NB" backup -q "$T/src" || backup_die "$fault: backup"
	"$NB" forget -q --keep-last 1 --prune || backup_die "$fault: forget --prune"
	stores_kill
	stores_s3 "$T/files" "$port"
	"$NB" check -q --read-data || backup_die "$fault: check"
	"$NB" restore -q latest --target "$T/out" || backup_die "$fault: restore"
	diff -r "$T/src" "$T/out$T/src" || backup_die "$fault: other files"
	[ "$("$NB" snapshots --json | jq length)" = 1 ] || backup_die "$fault: not one snapshot"
	[ -z "$(ls "$T/files/bucket/repo/locks")" ] || backup_die "$fault: locks were left"
	stores_kill
	rm -rf "$T/out"
done
echo "ok: late and twice"

# Later than is waited for, and never: an end in bounded time. Others are not held up.
for fault in late silent; do
	stores_s3 "$T/files" "$port" --fault "$fault" --fault-every 1 --fault-path /bucket/repo/data/
	started=$SECONDS
	expect 1 'no answer in time\|answers no more\|given up' \
		"$NB" -o net.timeout=1s -o net.retry-for=3s check --read-data
	[ $((SECONDS - started)) -le 120 ] || backup_die "$fault: told after $((SECONDS - started)) s"
	"$NB" snapshots -q >/dev/null || backup_die "$fault: what is answered"
	stores_kill
done
echo "ok: too late and not at all"

# Wrong bytes: every content is held against its hash. What is given out is right or missing.
for path in data index snapshots config; do
	stores_s3 "$T/files" "$port" --fault wrong --fault-every 1 --fault-path "/bucket/repo/$path"
	expect 1 '' "$NB" check --read-data
	rm -rf "$T/out"
	"$NB" restore -q latest --target "$T/out" >/dev/null 2>"$T/stderr" &&
		backup_die "wrong $path: restore went well"
	[ -s "$T/stderr" ] || backup_die "wrong $path: restore says nothing"
	: >"$T/wrong"
	[ ! -d "$T/out" ] || (cd "$T/out" && find . -type f -size +0) | while read -r file; do
		cmp -s "$T/out/$file" "/$file" || echo "$file"
	done >"$T/wrong"
	[ ! -s "$T/wrong" ] || backup_die "wrong $path: restored wrong files: $(head -n 3 "$T/wrong")"
	stores_kill
done
stores_s3 "$T/files" "$port"
"$NB" check -q --read-data || backup_die "check at the end"
echo "ok: wrong"
exit 0
