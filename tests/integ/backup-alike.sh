#!/bin/bash
# Options that restic has beside those of `backup`: keys and a second repository (--key-hint,
# --from-...), --stdin-from-command, ls --sort, attributes and owners at restore, check of some
# snapshots and its cache, --compression of every verb. restic does the same beside us.
# timeout: 600
# parallel: yes
# Where two things must hold, it is the one or the other that fails; options are words.
# shellcheck disable=SC2015,SC2086
set -u
. "$SRC/tests/integ/stores/stores.bash"
. "$SRC/tests/integ/flip.bash"
restic_peers_fetch && new=$(restic_peers_new) || stores_skip "no restic here"
export TZ=UTC RESTIC_REPOSITORY=$T/repo RESTIC_PROGRESS_FPS=1
unset "${!RESTIC_FROM_@}" RESTIC_KEY_HINT RESTIC_HOST RESTIC_COMPRESSION
cd "$T" || exit 1
"$NB" init -q || backup_die "init"

# --- Keys: the hinted one is tried first, a wrong hint is none. ---
for i in 1 2; do
	echo "pass-$i" >"pass-$i"
	"$NB" key add -q --new-password-file "pass-$i" || backup_die "key add"
done
hinted=$(RESTIC_PASSWORD=pass-2 "$NB" key list --json | jq -r '.[] | select(.current).id')
for hint in "${hinted:0:8}" zz; do
	RESTIC_PASSWORD=pass-1 "$NB" --key-hint "$hint" snapshots -q >out || backup_die "hint $hint"
	RESTIC_PASSWORD=pass-2 RESTIC_KEY_HINT=$hint "$NB" snapshots -q >out || backup_die "RESTIC_KEY_HINT=$hint"
done
RESTIC_PASSWORD=other expect 12 'none of 3 keys' "$NB" --key-hint "$hinted" snapshots
RESTIC_PASSWORD=pass-2 "$new" --no-cache --key-hint "${hinted:0:10}" snapshots -q >out || backup_die "restic by hint"
echo "ok: keys"

# --- A command's output: what is saved, and that a failing command saves nothing. ---
export RESTIC_REPOSITORY=$T/repo2
"$NB" init -q
count() { "$NB" snapshots --json | jq length; }
for program in "$NB" "$new --no-cache"; do
	before=$(count)
	$program backup -q --time '2020-01-01 00:00:00' --stdin-filename db/all.sql --stdin-from-command -- \
		sh -c 'seq 300000; echo note >&2' >out 2>errors || backup_die "$program: command"
	grep -q note errors || backup_die "$program: stderr of the command is lost"
	[ "$(count)" = $((before + 1)) ] || backup_die "$program: no snapshot"
	for command in 'seq 300000; exit 3' 'exit 3' true 'seq 9; kill -9 $$'; do
		! $program backup -q --stdin-from-command -- sh -c "$command" >out 2>&1 ||
			backup_die "$program: $command was taken for good"
	done
done
[ "$("$NB" snapshots --json | jq -c '[.[] | select(.paths == ["/db/all.sql"]) | .tree] | unique | length')" = 1 ] ||
	backup_die "restic's tree is another one"
"$NB" dump latest --path /db/all.sql /db/all.sql | cmp - <(seq 300000) || backup_die "what was saved"
expect 1 'exit status 3' "$NB" backup --stdin-from-command -- sh -c 'seq 9; exit 3'
expect 1 'exit status 3' "$NB" backup --stdin-from-command -- sh -c 'exit 3'
expect 1 'signal 9' "$NB" backup --stdin-from-command -- sh -c 'kill -9 $$'
expect 1 'No such file' "$NB" backup --stdin-from-command -- no-such-command
expect 1 'say which command' "$NB" backup --stdin-from-command
# Interrupted while the command is silent: both end.
"$NB" backup --stdin-from-command -- sh -c 'echo $$ >pid; echo x; exec sleep 1000' 2>out &
pid=$!
for _ in $(seq 1 100); do [ -s pid ] && break; sleep 0.1; done
kill -TERM "$pid"
wait "$pid"
got=$?
[ $got = 130 ] || backup_die "interrupted: $got: $(cat out)"
! kill -0 "$(cat pid)" 2>/dev/null || backup_die "the command goes on"
echo "ok: commands"

# --- ls, sorted, in text and JSON. ---
mkdir -p s/a.d s/b
echo hi >s/a.d/x.tar.gz
echo hihi >s/a.d/y
head -c 3000 /dev/zero >s/b/.bashrc
touch -d 2020-01-01 s/b/z.txt
touch -d '2020-01-01 00:00:00.5' s/a-b
ln -s x s/link.gz
mkfifo s/fifo.gz
setfattr -n user.note -v 1 s/a.d && setfattr -n user.note -v 2 s/a-b && setfattr -n user.other -v 3 s/a-b ||
	echo "no attributes on this file system"
"$NB" backup -q --host one --tag t s || backup_die "backup"
while read -r options; do
	# shellcheck disable=SC2086
	[ "$("$NB" ls -q latest:/s $options)" = "$("$new" --no-cache ls -q latest:/s $options)" ] ||
		backup_die "ls $options"
done <<'END'
--reverse --json
--sort size
-s time --json
--sort mtime --reverse
--sort atime
--sort ctime --json
--sort extension
--sort extension --reverse --json
--sort name
END
expect 1 'read --sort' "$NB" ls latest --sort colour
expect 1 'with --ncdu' "$NB" ls latest --ncdu --reverse
echo "ok: ls"

# --- Attributes and owners. ---
facts() {
	(cd "$1" && find . -printf '%P %U %G\n' | sort && getfattr -R -h -d -m - . 2>/dev/null | sort)
}
# same ARGUMENT...: both restore into a folder in which something is already.
same() {
	local who program
	for who in ours theirs; do
		program=$NB
		[ $who = ours ] || program="$new --no-cache"
		rm -rf "$who"
		mkdir -p "$who/a.d"
		setfattr -n user.there -v 9 "$who/a.d" 2>/dev/null
		$program restore -q latest:/s --target "$who" "$@" >out || backup_die "$program restore $*"
		facts "$who" >"facts-$who"
	done
	cmp facts-ours facts-theirs || backup_die "restore $*: $(diff facts-ours facts-theirs)"
}
same
same --include-xattr 'user.*'
same --include-xattr /user.note
same --include-xattr 'user.*' --include-xattr '!user.other'
same --exclude-xattr '*'
same --exclude-xattr 'user.n*' --exclude-xattr 'system.*'
expect 1 'do not go together' "$NB" restore latest -t out-x --include-xattr a --exclude-xattr b
expect 1 'read pattern' "$NB" restore latest -t out-x --exclude-xattr '['
if [ "$(id -u)" = 0 ]; then
	# Another machine, on which the same names have other numbers.
	chown daemon:games s/b && chown 54321:54321 s/a-b
	"$NB" backup -q s
	sed 's/^daemon:x:[0-9]*:/daemon:x:7001:/' /etc/passwd >passwd
	sed 's/^games:x:[0-9]*:/games:x:7002:/' /etc/group >group
	elsewhere() {
		unshare -m --propagation private bash -c 'mount --bind passwd /etc/passwd &&
			mount --bind group /etc/group && "$@"' - "$@"
	}
	for who in ours theirs; do
		program=$NB
		[ $who = ours ] || program="$new --no-cache"
		rm -rf $who
		elsewhere $program restore -q latest:/s --target $who --ownership-by-name >out || backup_die "by name"
		[ "$(stat -c %u:%g $who/b)" = 7001:7002 ] || backup_die "$who by name: $(stat -c %u:%g $who/b)"
	done
	[ "$(stat -c %u:%g ours/a-b)" = 54321:54321 ] || backup_die "a name that is not known"
	elsewhere "$NB" restore -q latest:/s --target numbers || backup_die "by number"
	[ "$(stat -c %u:%g numbers/b)" = "$(stat -c %u:%g s/b)" ] || backup_die "by number: $(stat -c %u:%g numbers/b)"
fi
echo "ok: attributes and owners"

# --- check of some snapshots: a damaged pack of others is not read. ---
export RESTIC_REPOSITORY=$T/repo3
"$NB" init -q
mkdir c1 c2
head -c 300000 /dev/urandom >c1/f
head -c 300000 /dev/urandom >c2/f
"$NB" backup -q --host one --tag good c1
cp -r repo3/data packs-of-one
"$NB" backup -q --host two --tag bad c2
id=$("$NB" snapshots --json | jq -r '.[1].id')
while read -r pack; do
	[ -e "packs-of-one/${pack#repo3/data/}" ] && continue
	[ "$(stat -c %s "$pack")" -lt 100000 ] || flip "$pack" 5000
done < <(find repo3/data -type f)
for program in "$NB" "$new --no-cache"; do
	for chosen in '--host one' "--tag good --path $T/c1"; do
		$program check -q --read-data $chosen >out 2>&1 || backup_die "$program check $chosen: $(cat out)"
	done
	for chosen in '' '--host two' "$id"; do
		! $program check -q --read-data $chosen >out 2>&1 || backup_die "$program check $chosen found nothing"
	done
	RESTIC_HOST=one $program check -q --read-data >out 2>&1 || backup_die "$program check with RESTIC_HOST"
done
"$NB" check --tag good --read-data >out || backup_die "check --tag"
grep -q 'Only 1 of 2 snapshots' out || backup_die "check does not say that it is a part: $(cat out)"
"$NB" check --tag good --read-data-subset 100% >out || backup_die "check of a subset: $(cat out)"
"$NB" check --json --tag good --read-data | tail -n 1 |
	jq -e '.snapshots_checked == 1 and .snapshots_there == 2 and .packs_read == 2' >out || backup_die "check --json"
expect 1 'find snapshot' "$NB" check nosuch
echo "ok: check of some"

# --- check does not believe the cache, unless it is told to. ---
if rest_server=$(restic_peers_server); then
	port=$(stores_free_port)
	stores_rest "$T/served" "$port" --no-auth
	export RESTIC_REPOSITORY=rest:http://127.0.0.1:$port/
	"$NB" init -q && "$NB" backup -q c1 && "$NB" ls latest >out || backup_die "behind a server"
	index=$(find served/index -type f)
	cp "$index" index
	flip "$index" 40
	"$NB" check -q --with-cache || backup_die "--with-cache does not use the cache"
	! "$NB" check -q >out 2>&1 || backup_die "check believed the cache"
	[ "$(find "$RESTIC_CACHE_DIR" -maxdepth 1 -name '.nexus-old-*' | wc -l)" = 0 ] || backup_die "check left its cache"
	! "$new" check -q >out 2>&1 || backup_die "restic's check believed the cache"
	stores_kill
fi
echo "ok: check and its cache"

# --- A second repository, by all of its options and variables. ---
export RESTIC_REPOSITORY=$T/copy
echo "$T/repo2" >place
echo integ >from-pass
from() { env -u RESTIC_PASSWORD RESTIC_PASSWORD=second "$@"; }
from "$NB" init -q --copy-chunker-params --from-repository-file place --from-password-command 'cat from-pass' \
	--repository-version 2 || backup_die "init from"
[ "$(from "$NB" cat config | jq -r .chunker_polynomial)" = \
	"$("$NB" -r "$T/repo2" cat config | jq -r .chunker_polynomial)" ] || backup_die "--copy-chunker-params"
from env RESTIC_FROM_REPOSITORY_FILE=place RESTIC_FROM_PASSWORD_COMMAND='cat from-pass' \
	RESTIC_FROM_KEY_HINT=abc "$NB" copy -q || backup_die "copy by variables"
from env RESTIC_FROM_REPOSITORY_FILE=place RESTIC_FROM_PASSWORD_COMMAND='cat from-pass' \
	RESTIC_FROM_KEY_HINT=abc "$new" --no-cache copy -q >out || backup_die "restic copy by variables"
from "$NB" copy -q --from-repo "$T/repo2" --from-password-file from-pass --from-key-hint 00 || backup_die "copy"
[ "$(from "$NB" snapshots --json | jq length)" = "$("$NB" -r "$T/repo2" snapshots --json | jq length)" ] ||
	backup_die "copied"
# The password of the one is not tried for the other.
echo second >second
expect 12 'wrong password' env RESTIC_PASSWORD=second "$NB" copy --from-repo "$T/repo2" --from-password-file second
env RESTIC_PASSWORD=integ setsid "$NB" -r "$T/repo" copy --from-repo "$T/repo2" </dev/null >out 2>&1 &&
	backup_die "the first password was tried"
grep -q -e '--from-password-file' out || backup_die "no word of the second password: $(cat out)"
expect 1 'do not go together' "$NB" copy --from-repo x --from-repository-file place
expect 1 'do not go together' "$NB" copy --from-repo "$T/repo2" --from-password-file a --from-password-command b
expect 1 'goes with --copy-chunker-params' "$NB" init --from-repo x
expect 1 'every restic since 0.14' "$NB" -r "$T/v1" init --repository-version 1
expect 1 '2, stable or latest' "$NB" -r "$T/v1" init --repository-version 3
[ ! -e "$T/v1" ] || backup_die "something was made"
echo "ok: a second repository"

# --- Compression of what copy writes. ---
yes 'the same line again and again' | head -c 3000000 >c1/text
"$NB" -r "$T/repo3" backup -q c1
for mode in off max; do
	"$NB" -r "$T/$mode" init -q
	RESTIC_COMPRESSION=$mode RESTIC_FROM_PASSWORD=integ "$NB" -r "$T/$mode" copy -q --tag '' \
		--from-repo "$T/repo3" || backup_die "copy --compression $mode"
done
[ "$(du -s off | cut -f 1)" -gt $((2 * $(du -s max | cut -f 1))) ] || backup_die "copy: $(du -s off max)"
"$NB" -r "$T/plain" init -q
"$NB" -r "$T/plain" --compression off backup -q c1
"$NB" -r "$T/plain" --compression max prune -q --repack-uncompressed || backup_die "prune --compression"
[ "$(du -s plain | cut -f 1)" -lt 1500 ] || backup_die "prune --compression max: $(du -s plain)"
expect 1 'fastest, better or max' "$NB" -r "$T/plain" --compression zip snapshots
echo "ok: compression"

# --- Progress: as often as it is asked for, or once by a signal. ---
mkdir many
lines() {
	head -c 1000000 /dev/urandom >many/new
	"$NB" -r "$T/plain" --limit-upload 1000 backup -f many | grep -c ' of \|files, ' || true
}
unset RESTIC_PROGRESS_FPS
[ "$(lines)" -le 2 ] || backup_die "progress where nobody asked for it"
[ "$(RESTIC_PROGRESS_FPS=20 lines)" -ge 3 ] || backup_die "RESTIC_PROGRESS_FPS"
mkfifo fifo
"$NB" -r "$T/plain" backup --stdin <fifo >out 2>&1 &
pid=$!
exec 7>fifo
seq 1000 >&7
sleep 1
kill -USR1 $pid
for _ in $(seq 1 100); do grep -q ' files, ' out && break; sleep 0.1; done
seq 1000000 >&7
exec 7>&-
wait $pid || backup_die "SIGUSR1 ended it"
grep -q 'files, 0 s\|files, [0-9]* s$' out || backup_die "SIGUSR1 shows nothing: $(cat out)"
echo "ok: progress"
exit 0
