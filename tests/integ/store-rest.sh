#!/bin/bash
# A repository behind restic's own REST server: round trip, restic over the same server, logins,
# an append-only server, one that dies, proxies, limits, the cache.
# timeout: 900
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
. "$SRC/tests/integ/flip.bash"
rest_server=$(restic_peers_server) || stores_skip "no restic-rest-server here"
restic=$(restic_peers_old || restic_peers_new) || restic=
port=$(stores_free_port)
mkdir -p "$T/files"
stores_source
stores_rest "$T/files" "$port" --no-auth
export RESTIC_REPOSITORY=rest:http://127.0.0.1:$port/box/repo
stores_round "$restic"
[ -z "$restic" ] || "$restic" restore --no-cache -q latest --target "$T/out" || backup_die "restic restore"
[ -z "$restic" ] || diff -r "$T/src" "$T/out$T/src" || backup_die "restic's restore differs"
# Every restic there is over the same server, ours and theirs by turns.
for peer in "$(restic_peers_old)" "$(restic_peers_new)"; do
	[ -z "$peer" ] || stores_both "$peer"
done
echo "ok: round trip"

# The contract of a store, where the server lets names be other than hashes.
contract_port=$(stores_free_port)
kept=$server
stores_rest "$T/contract" "$contract_port" --no-auth --no-verify-upload
"$BUILD/tests/integ/test-store" contract "rest:http://127.0.0.1:$contract_port/" ||
	backup_die "the contract of a store"
stores_kill
server=$kept

# Two kinds mixed: the server's folder is a repository of its own kind, too.
before=$("$NB" snapshots --json | jq length)
RESTIC_REPOSITORY=$T/files/box/repo "$NB" backup -q "$T/src" || backup_die "the local store"
[ "$("$NB" snapshots --json | jq length)" = $((before + 1)) ] || backup_die "what another kind stored is missing"
if [ -n "$restic" ]; then
	"$restic" backup -q --no-cache "$T/src" || backup_die "restic's backup"
	"$NB" check -q --read-data || backup_die "check of a mixed repository"
fi
echo "ok: mixed"

# The cache: what is damaged is fetched again, what is gone too; without one it works as well.
cached() {
	find "$RESTIC_CACHE_DIR" -type f -path "*/$1/*" | head -n 1
}
for kind in index snapshots data; do
	[ -n "$(cached "$kind")" ] || backup_die "no $kind was cached"
done
[ -z "$(find "$RESTIC_CACHE_DIR" -name '.nexus-*')" ] || backup_die "the cache has left-overs"
# Only packs that the next commands read are to be there.
find "$RESTIC_CACHE_DIR" -mindepth 2 -maxdepth 2 -name data -exec rm -rf '{}' +
before=$("$NB" ls latest | sha256sum)
for kind in index snapshots data; do
	file=$(cached "$kind")
	flip "$file" 40
	[ "$("$NB" ls latest | sha256sum)" = "$before" ] || backup_die "a damaged $kind was believed"
	[ "$(sha256sum <"$file" | cut -d ' ' -f 1)" = "${file##*/}" ] ||
		backup_die "a damaged $kind was left in the cache"
	: >"$file"
	[ "$("$NB" ls latest | sha256sum)" = "$before" ] || backup_die "an empty $kind was believed"
done
for _ in 1 2 3; do
	"$NB" ls latest >/dev/null &
	a=$!
	"$NB" backup -q "$T/src" &
	b=$!
	rm -rf "$RESTIC_CACHE_DIR"
	wait "$a" || backup_die "ls while the cache was deleted"
	wait "$b" || backup_die "backup while the cache was deleted"
done
rm -rf "$RESTIC_CACHE_DIR"
"$NB" --no-cache ls latest >/dev/null || backup_die "without a cache"
[ ! -e "$RESTIC_CACHE_DIR" ] || backup_die "--no-cache makes a cache"
: >"$T/no-folder"
"$NB" --cache-dir "$T/no-folder/x" ls latest >/dev/null 2>"$T/stderr" || backup_die "no room for a cache"
grep -q 'no cache' "$T/stderr" || backup_die "no word of the missing cache"
echo "ok: cache"

# Limits: 4 MB at 2000 KiB/s take 2 s, up and down.
mkdir "$T/four"
head -c 4000000 /dev/urandom >"$T/four/four"
started=$(date +%s%N)
"$NB" --limit-upload 1000 backup -q "$T/four" || backup_die "backup with a limit"
[ $((($(date +%s%N) - started) / 1000000)) -ge 3600 ] || backup_die "the limit of uploads is none"
started=$(date +%s%N)
"$NB" --limit-download 2000 restore -q "latest:$T" --target "$T/out4" || backup_die "restore with a limit"
[ $((($(date +%s%N) - started) / 1000000)) -ge 1800 ] || backup_die "the limit of downloads is none"
cmp "$T/four/four" "$T/out4/four/four" || backup_die "restore with a limit differs"
expect 1 'limit of KiB' "$NB" --limit-upload fast snapshots
echo "ok: limits"

# A proxy of the environment is asked; nobody is there.
expect 1 "127.0.0.1:$port\|roxy\|refuse" env http_proxy=http://127.0.0.1:1 "$NB" snapshots
no_proxy=127.0.0.1 http_proxy=http://127.0.0.1:1 "$NB" snapshots -q || backup_die "no_proxy"
echo "ok: proxy"

# Where the place is: a file, the environment, the option; the password by a command.
echo "$RESTIC_REPOSITORY" >"$T/place"
(unset RESTIC_REPOSITORY && RESTIC_REPOSITORY_FILE=$T/place "$NB" snapshots -q) || backup_die "RESTIC_REPOSITORY_FILE"
"$NB" --repository-file "$T/place" snapshots -q || backup_die "--repository-file"
RESTIC_PASSWORD=no "$NB" --password-command "echo 'in''teg'" snapshots -q || backup_die "--password-command"
(unset RESTIC_PASSWORD && RESTIC_PASSWORD_COMMAND='printf "%s\n" integ' "$NB" snapshots -q) ||
	backup_die "RESTIC_PASSWORD_COMMAND"
expect 1 'read password from command' "$NB" --password-command false snapshots
expect 12 'wrong password' "$NB" --password-command 'echo other' snapshots
expect 10 'none at this place' "$NB" -r "rest:http://127.0.0.1:$port/nobody" snapshots
expect 1 'option.*no such option' "$NB" -o rest.colour=1 snapshots
"$NB" -o rest.connections=1 check -q --read-data || backup_die "one connection"
echo "ok: places"

stores_heal stores_rest "$T/files" "$port" --no-auth
echo "ok: healed"
stores_gone stores_rest "$T/files" "$port" --no-auth
echo "ok: gone and back"
# A server that accepts and says nothing any more.
kill -STOP "$server"
started=$SECONDS
expect 1 'no answer in time' "$NB" -o net.timeout=2s -o net.retry-for=3s snapshots
kill -CONT "$server"
[ $((SECONDS - started)) -le 30 ] || backup_die "silence: $((SECONDS - started)) s"
stores_kill
echo "ok: silence"

# Logins, never shown; and a server that is append-only.
printf 'ana:{SHA}%s\n' "$(printf hidden-word | openssl dgst -sha1 -binary | base64)" >"$T/htpasswd"
stores_rest "$T/files" "$port" --append-only --htpasswd-file "$T/htpasswd"
place=127.0.0.1:$port/box/repo
expect 1 'another user or login (401)' "$NB" snapshots
expect 1 'another user or login (401)' "$NB" -r "rest:http://ana:not-hidden-word@$place" snapshots
expect 1 '\*\*\*@' "$NB" -r "rest:ftp://ana:hidden-word@$place" snapshots
expect 1 '\*\*\*@' "$NB" -r "rest:http://ana:hidden-word@127.0.0.1:port/x" snapshots
RESTIC_REST_USERNAME=ana RESTIC_REST_PASSWORD=hidden-word "$NB" snapshots -q || backup_die "login by the environment"
export RESTIC_REPOSITORY=rest:http://ana:hidden-word@$place
"$NB" backup -q "$T/src" || backup_die "append-only: backup"
"$NB" check -q || backup_die "append-only: check"
[ -z "$(ls "$T/files/box/repo/locks")" ] || backup_die "append-only: locks were left"
[ -z "$restic" ] || stores_restic_check "$restic"
snapshot=$(find "$T/files/box/repo/snapshots" -type f | head -n 1)
"$BUILD/tests/integ/test-store" remove "rest:http://ana:hidden-word@$place" snapshots "${snapshot##*/}" \
	2>"$T/stderr" && backup_die "append-only: removed"
grep -q 'append-only' "$T/stderr" || backup_die "append-only: $(cat "$T/stderr")"
[ -e "$snapshot" ] || backup_die "append-only: the file is gone"
expect 0 '' "$NB" -r "rest:http://ana:hidden-word@127.0.0.1:$port/box/new" --json init
grep -q '"repository":"rest:http://ana:\*\*\*@127' "$T/stdout" || backup_die "init shows $(cat "$T/stdout")"
echo "ok: logins and append-only"
exit 0
