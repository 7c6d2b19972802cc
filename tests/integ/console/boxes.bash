# Boxes for the tests of the console: real sshd on loopback, with the users of a real box in a
# passwd file that only it sees. Sourced; expects BUILD, SRC and T.
set -euo pipefail

# shellcheck disable=SC2034 # for those who source this
nexus=$BUILD/console/nexus
tool=$BUILD/tests/integ
export NEXUS_HOME=$T/home LC_ALL=C.UTF-8 NO_COLOR=1
unset LANGUAGE
pids=()

skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "FAILED: $*" >&2
	[ ! -s "$T/out" ] || sed 's/^/  out: /' "$T/out" >&2
	[ ! -s "$T/err" ] || sed 's/^/  err: /' "$T/err" >&2
	for log in "$T"/*/sshd.log; do
		[ ! -s "$log" ] || tail -n 5 "$log" | sed 's/^/  sshd: /' >&2
	done
	exit 1
}

end() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
}
trap end EXIT

[ "$(id -u)" = 0 ] || skip "needs root, to give sshd users of its own"
[ -x /usr/sbin/sshd ] || skip "needs sshd"
unshare -m true 2>/dev/null || skip "needs a mount namespace"

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# keys NAME SECRET: a fresh box folder $T/NAME that waits to be adopted with SECRET.
make_box() {
	local box=$T/$1 secret=$2
	mkdir -p "$box/keys"
	[ -e "$box/host" ] || ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$box/host"
	printf 'restrict,command="%s %s adopt" %s\n' "$tool/test-gate" "$box" \
		"$("$tool/test-code" key "$secret" "$box/host.pub")" >"$box/keys/nexus-adopt"
	"$tool/test-code" code "$secret" "$box/host.pub" >"$box/code"
	[ -e "$box/id" ] || printf '%s' "$1" | md5sum | cut -c1-32 >"$box/id"
	[ -e "$box/port" ] || free_port >"$box/port"
}

# start_box NAME: its sshd, until the test ends. Its pid goes to $T/NAME/pid.
start_box() {
	local box=$T/$1 try
	grep -v '^nexus-' /etc/passwd >"$box/passwd"
	cat >>"$box/passwd" <<-END
		nexus-operator:x:0:0:operator:/:/bin/bash
		nexus-adopt:x:0:0:adoption:/:/bin/bash
	END
	cat >"$box/sshd_config" <<-END
		ListenAddress ${LISTEN:-127.0.0.1}:$(cat "$box/port")
		HostKey $box/host
		PidFile none
		AuthorizedKeysFile $box/keys/%u
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin prohibit-password
		MaxStartups 1000
		${SSHD_EXTRA:-}
	END
	# shellcheck disable=SC2016
	unshare -m --propagation private bash -c '
		mount --bind "$1/passwd" /etc/passwd
		mount -t tmpfs tmpfs /run
		mkdir -m 755 /run/sshd
		exec /usr/sbin/sshd -D -e -f "$1/sshd_config"' - "$box" 2>>"$box/sshd.log" &
	pids+=($!)
	echo $! >"$box/pid"
	for try in $(seq 100); do
		! grep -q 'Server listening' "$box/sshd.log" || return 0
		kill -0 $! 2>/dev/null || fail "sshd of $1 did not start"
		sleep 0.05
	done
	fail "sshd of $1 does not listen after $try tries"
}

stop_box() {
	kill "$(cat "$T/$1/pid")"
	wait "$(cat "$T/$1/pid")" 2>/dev/null || true
	: >"$T/$1/sshd.log"
}

address() {
	echo "127.0.0.1:$(cat "$T/$1/port")"
}

# run STATUS COMMAND...: runs it with a limit; stdout in $T/out, stderr in $T/err.
run() {
	local want=$1 got=0
	shift
	timeout 60 "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
	[ "$got" = "$want" ] || fail "'$*' ended with $got, not $want"
}

out_has() {
	grep -qF -- "$1" "$T/out" || fail "stdout lacks '$1'"
}

err_has() {
	grep -qF -- "$1" "$T/err" || fail "stderr lacks '$1'"
}

# No control character of a box may reach the terminal.
harmless() {
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$T/out" "$T/err" || fail "control characters"
}

say() {
	printf '%s\n' "- $*"
}
