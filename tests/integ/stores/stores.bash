# shellcheck shell=bash
# Servers for the tests of stores, on 127.0.0.1, and what those tests share. Sourced; expects
# BUILD, SRC and T.
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export LC_ALL=C.UTF-8 RESTIC_PASSWORD=integ RESTIC_CACHE_DIR=$T/cache TMPDIR=$T
unset LANGUAGE RESTIC_REPOSITORY RESTIC_REPOSITORY_FILE RESTIC_REST_USERNAME RESTIC_REST_PASSWORD
unset RESTIC_CACERT CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY
rest_server= # restic's, for stores_rest
server= # pid of the one server under test
others=()

stores_end() {
	local pid
	for pid in $server "${others[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
	done
	wait 2>/dev/null
}
trap stores_end EXIT

stores_skip() {
	echo "skipped: $*"
	exit 77
}

stores_free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until somebody listens on port $1.
stores_wait_port() {
	local i
	for i in $(seq 1 600); do
		(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
		sleep 0.1
	done
	backup_die "nothing listens on port $1 after $i looks"
}

# Ends the server at once, as a crash would.
stores_kill() {
	kill -9 "$server"
	wait "$server" 2>/dev/null
	server=
}

# stores_rest FOLDER PORT OPTION...: restic's REST server.
stores_rest() {
	local folder=$1 port=$2
	shift 2
	"$rest_server" --path "$folder" --listen "127.0.0.1:$port" "$@" >>"$T/server.log" 2>&1 &
	server=$!
	stores_wait_port "$port"
}

# stores_faults TO PORT OPTION...: a proxy on PORT that misbehaves, before the HTTP server on TO.
stores_faults() {
	local to=$1 port=$2
	shift 2
	"$SRC/tests/integ/stores/http-faults" --to "$to" --port "$port" "$@" >>"$T/server.log" 2>&1 &
	server=$!
	stores_wait_port "$port"
}

# stores_s3 FOLDER PORT OPTION...: the double of S3.
stores_s3() {
	local folder=$1 port=$2
	shift 2
	mkdir -p "$folder"
	"$SRC/tests/integ/stores/s3-double" "$folder" --port "$port" "$@" >>"$T/server.log" 2>&1 &
	server=$!
	stores_wait_port "$port"
}

# stores_sshd FOLDER PORT: a real sshd with keys and an ssh_config in FOLDER.
stores_sshd() {
	local box=$1 port=$2
	mkdir -p "$box"
	[ -e "$box/host" ] || ssh-keygen -q -t ed25519 -N '' -f "$box/host"
	[ -e "$box/user" ] || ssh-keygen -q -t ed25519 -N '' -f "$box/user"
	cp "$box/user.pub" "$box/authorized"
	echo "[127.0.0.1]:$port $(cut -d ' ' -f 1-2 "$box/host.pub")" >"$box/known_hosts"
	cat >"$box/sshd_config" <<-END
		ListenAddress 127.0.0.1:$port
		HostKey $box/host
		PidFile none
		AuthorizedKeysFile $box/authorized
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin prohibit-password
		MaxStartups 100
		Subsystem sftp ${stores_subsystem:-internal-sftp}
	END
	cat >"$box/ssh_config" <<-END
		Host box
		  HostName 127.0.0.1
		  Port $port
		  User $(id -un)
		  IdentityFile $box/user
		  IdentitiesOnly yes
		  UserKnownHostsFile $box/known_hosts
		  GlobalKnownHostsFile /dev/null
	END
	# shellcheck disable=SC2016
	unshare -m --propagation private bash -c '
		mount -t tmpfs tmpfs /run
		mkdir -p /run/sshd
		exec /usr/sbin/sshd -D -e -f "$1/sshd_config"' - "$box" >>"$T/server.log" 2>&1 &
	server=$!
	stores_wait_port "$port"
}

# Sources to back up: $T/src with a few large and many small files.
stores_source() {
	local i
	mkdir -p "$T/src"
	for i in $(seq 1 "${1:-6}"); do head -c 8000000 /dev/urandom >"$T/src/large-$i"; done
	for i in $(seq 1 200); do echo "file $i" >"$T/src/small-$i"; done
}

# A whole round over RESTIC_REPOSITORY: save, check, restore, all equal; the second run adds
# nothing; restic $1 (may be empty) checks it, where it can reach the place.
stores_round() {
	local restic=$1 out
	shift
	"$NB" "$@" init -q || backup_die "init"
	expect 1 'already holds' "$NB" "$@" init
	"$NB" "$@" backup -q "$T/src" || backup_die "backup"
	out=$("$NB" "$@" backup --json "$T/src" | tail -n 1)
	[[ $out == *'"data_blobs":0,'* ]] || backup_die "the second backup: $out"
	"$NB" "$@" check -q --read-data || backup_die "check"
	"$NB" "$@" restore -q latest --target "$T/out" || backup_die "restore"
	diff -r "$T/src" "$T/out$T/src" || backup_die "the restored files differ"
	rm -rf "$T/out"
	[ -z "$restic" ] || stores_restic_check "$restic"
}

stores_restic_check() {
	"$1" check --no-cache --read-data >"$T/check.log" 2>&1 || {
		cat "$T/check.log"
		backup_die "check by $("$1" version)"
	}
}

# both RESTIC OPTION...: restic over the very server and repository of RESTIC_REPOSITORY checks and
# restores what we wrote, and we what it wrote; its OPTIONs reach the place. Nothing is stored
# twice, and both see all snapshots.
stores_both() {
	local restic=$1 version out
	shift
	version=$("$restic" version | cut -d ' ' -f 2)
	"$NB" backup -q "$T/src" || backup_die "$version: our backup"
	"$restic" "$@" --no-cache check --read-data >"$T/check.log" 2>&1 || {
		cat "$T/check.log"
		backup_die "$version: its check of ours"
	}
	rm -rf "$T/out"
	"$restic" "$@" --no-cache -q restore latest --target "$T/out" || backup_die "$version: its restore"
	diff -r "$T/src" "$T/out$T/src" || backup_die "$version: it restores other files"
	head -c 3000000 /dev/urandom >"$T/src/of-$version"
	"$restic" "$@" --no-cache -q backup "$T/src" || backup_die "$version: its backup"
	"$NB" check -q --read-data || backup_die "$version: our check of its"
	rm -rf "$T/out"
	"$NB" restore -q latest --target "$T/out" || backup_die "$version: our restore"
	diff -r "$T/src" "$T/out$T/src" || backup_die "$version: we restore other files"
	rm -rf "$T/out"
	out=$("$NB" backup --json "$T/src" | tail -n 1)
	[[ $out == *'"data_blobs":0,'* ]] || backup_die "$version: stored twice: $out"
	[ "$("$NB" snapshots --json | jq length)" = \
		"$("$restic" "$@" --no-cache snapshots --json | jq length)" ] ||
		backup_die "$version: not the same snapshots"
	[ -z "$("$NB" list locks)" ] || backup_die "$version: locks were left"
	echo "ok: restic $version over ${RESTIC_REPOSITORY%%:*}"
}

# heal START...: kills the server in the middle of a backup, starts it again, and the backup must
# come through; START... is the command that starts it.
stores_heal() {
	local pid code
	head -c 60000000 /dev/urandom >"$T/src/heal"
	"$NB" -o net.retry-for=60s --limit-upload 10000 backup -q "$T/src" 2>"$T/heal.log" &
	pid=$!
	sleep 3
	kill -0 "$pid" 2>/dev/null || backup_die "the backup was over too soon"
	stores_kill
	sleep 2
	"$@"
	wait "$pid"
	code=$?
	[ "$code" = 0 ] || {
		cat "$T/heal.log"
		backup_die "the backup did not heal: exit $code"
	}
	"$NB" check -q --read-data || backup_die "check after healing"
}

# gone START...: the server goes away for good: a clear error in bounded time, and what is there
# is clean when it is back.
stores_gone() {
	local pid code started
	head -c 60000000 /dev/urandom >"$T/src/gone"
	"$NB" -o net.retry-for=4s --limit-upload 10000 backup -q "$T/src" 2>"$T/gone.log" &
	pid=$!
	sleep 3
	kill -0 "$pid" 2>/dev/null || backup_die "the backup was over too soon"
	stores_kill
	started=$SECONDS
	wait "$pid"
	code=$?
	[ "$code" = 1 ] || backup_die "server gone: exit $code"
	[ $((SECONDS - started)) -le 40 ] || backup_die "it took $((SECONDS - started)) s to say so"
	grep -q "given up after\|refuses the connection\|connect" "$T/gone.log" || {
		cat "$T/gone.log"
		backup_die "no clear error"
	}
	started=$SECONDS
	expect 1 'refuse' "$NB" snapshots
	[ $((SECONDS - started)) -le 5 ] || backup_die "refused: not told at once"
	"$@"
	"$NB" check -q || backup_die "check after the server was gone"
	rm "$T/src/gone"
	"$NB" backup -q "$T/src" || backup_die "backup after the server was gone"
}
