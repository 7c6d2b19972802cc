#!/bin/bash
# A repository over SFTP with a real sshd: round trip, restic on the same files, keys and hosts
# that are wrong, a server that dies, and one that stops answering.
# timeout: 900
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
[ "$(id -u)" = 0 ] || stores_skip "needs root, to start sshd"
[ -x /usr/sbin/sshd ] || stores_skip "needs sshd"
unshare -m true 2>/dev/null || stores_skip "needs a mount namespace"
restic=$(restic_peers_old || restic_peers_new) || restic=
port=$(stores_free_port)
stores_sshd "$T/box" "$port"
mkdir -p "$T/files"
over=(-o "sftp.config=$T/box/ssh_config")
NB_PLAIN=$NB
# The options that find the box, for every call.
cat >"$T/nb" <<END
#!/bin/sh
exec "$NB_PLAIN" -o "sftp.config=$T/box/ssh_config" "\$@"
END
chmod +x "$T/nb"
NB=$T/nb
stores_source
export RESTIC_REPOSITORY=sftp:box:$T/files/repo/below
stores_round ''
[ "$(stat -c %a "$(find "$T/files/repo/below/data" -type f | head -n 1)")" = 400 ] ||
	backup_die "a pack can be written to"
[ -z "$restic" ] || RESTIC_REPOSITORY=$T/files/repo/below stores_restic_check "$restic"
[ -z "$(find "$T/files" -name '.nexus-*')" ] || backup_die "temporary files were left"
# The same files by another form of the address, and read by the local store too.
"$NB_PLAIN" "${over[@]}" -r "sftp://$(id -un)@box:$port/$T/files/repo/below" snapshots -q ||
	backup_die "the form with //"
"$NB_PLAIN" -r "$T/files/repo/below" check -q || backup_die "the local store on the same files"
# restic over SFTP on what we made.
if [ -n "$restic" ]; then
	"$restic" -o "sftp.command=ssh -F $T/box/ssh_config box -s sftp" check --no-cache --read-data \
		>"$T/check.log" 2>&1 || {
		cat "$T/check.log"
		backup_die "restic over SFTP"
	}
fi
"$BUILD/tests/integ/test-store" contract "sftp:box:$T/files/contract" \
	"sftp.config=$T/box/ssh_config" || backup_die "the contract of a store"
echo "ok: round trip"

expect 10 'none at this place' "$NB" -r "sftp:box:$T/files/nowhere" snapshots
expect 1 "'~' means nothing" "$NB" -r 'sftp:box:~/x' snapshots
expect 1 'a password has no place' "$NB" -r 'sftp://u:hidden-word@box//x' snapshots
cp "$T/box/known_hosts" "$T/known"
: >"$T/box/known_hosts"
expect 1 'its host key is not in known_hosts' "$NB" snapshots
ssh-keygen -q -t ed25519 -N '' -f "$T/other"
echo "[127.0.0.1]:$port $(cut -d ' ' -f 1-2 "$T/other.pub")" >"$T/box/known_hosts"
expect 1 'its host key is not the one in known_hosts' "$NB" snapshots
cp "$T/known" "$T/box/known_hosts"
cp "$T/other.pub" "$T/box/authorized"
expect 1 'accepts no key' "$NB" snapshots
cp "$T/box/user.pub" "$T/box/authorized"
echo "ok: keys and hosts"

# An agent instead of a file.
eval "$(ssh-agent -s)" >/dev/null
others+=("$SSH_AGENT_PID")
ssh-add -q "$T/box/user" 2>/dev/null || backup_die "ssh-add"
sed -i "/IdentityFile/d; /IdentitiesOnly/d" "$T/box/ssh_config"
mv "$T/box/user" "$T/box/user.away"
"$NB" snapshots -q || backup_die "the agent's key is not used"
mv "$T/box/user.away" "$T/box/user"
echo "  IdentityFile $T/box/user" >>"$T/box/ssh_config"
unset SSH_AUTH_SOCK
echo "ok: agent"

# sshd's children live on when it dies: all of its group go.
stores_kill() {
	# shellcheck disable=SC2046 # a list of pids
	kill -9 "$server" $(pgrep -P "$(pgrep -d, -P "$server" || echo 1)" 2>/dev/null) \
		$(pgrep -P "$server") 2>/dev/null
	wait "$server" 2>/dev/null
	server=
}
stores_heal stores_sshd "$T/box" "$port"
echo "ok: healed"
stores_gone stores_sshd "$T/box" "$port"
echo "ok: gone and back"

# A server that takes everything and says nothing: the watch ends it.
head -c 60000000 /dev/urandom >"$T/src/silent"
"$NB" -o net.retry-for=3s -o net.timeout=3s --limit-upload 8000 backup -q "$T/src" 2>"$T/silent.log" &
pid=$!
sleep 3
sleeping=$(pgrep -P "$server")
# shellcheck disable=SC2086 # a list of pids
kill -STOP "$server" $sleeping $(pgrep -P "$(echo $sleeping | tr ' ' ,)")
started=$SECONDS
wait "$pid"
code=$?
# shellcheck disable=SC2086
kill -CONT "$server" $sleeping $(pgrep -P "$(echo $sleeping | tr ' ' ,)") 2>/dev/null
[ "$code" = 1 ] || backup_die "a silent server: exit $code"
[ $((SECONDS - started)) -le 60 ] || backup_die "a silent server: $((SECONDS - started)) s"
grep -q 'does not answer\|connect' "$T/silent.log" || {
	cat "$T/silent.log"
	backup_die "a silent server: no clear error"
}
"$NB" check -q || backup_die "check after a silent server"
echo "ok: silence"
exit 0
