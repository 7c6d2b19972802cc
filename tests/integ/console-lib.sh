# shellcheck shell=bash
# What the tests of the console with a whole box share, beside agent-lib.sh: an sshd as on a box.
# shellcheck disable=SC2154 # root, BUILD, SRC and T

# shellcheck disable=SC2034 # for those who source this
nexus=$BUILD/console/nexus
export NEXUS_HOME=$T/home NO_COLOR=1
mkdir -p "$T/usr-lib-nexus"

need_sshd() {
	need_tools /usr/sbin/sshd
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
		echo "needs root, for sshd"
		exit 77
	fi
}

# run STATUS COMMAND...: stdout in $T/out, stderr in $T/err.
run() {
	local want=$1 got=0
	shift
	timeout 90 "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
	[ "$got" = "$want" ] || fail "'$*' ended with $got, not $want: $(cat "$T/out" "$T/err")"
}

has() {
	grep -qF -- "$2" "$T/$1" || fail "$1 lacks '$2': $(cat "$T/out" "$T/err")"
}

# sshd as on a box: it asks authorized-keys and forces nexus-gate. Both stand in a folder that
# only it sees.
start_sshd() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	grep -v '^nexus-' /etc/passwd >"$T/passwd"
	cat >>"$T/passwd" <<-END
		nexus-operator:x:0:0:operator:$T:/bin/bash
		nexus-adopt:x:0:0:adoption:$T:/bin/bash
	END
	cat >"$T/usr-lib-nexus/authorized-keys" <<-END
		#!/bin/sh
		"$BUILD/agent/authorized-keys" --root "$root" "\$1" | sed 's|/usr/lib/nexus/|/mnt/|'
	END
	chmod 755 "$T/usr-lib-nexus/authorized-keys"
	ln -s "$BUILD/agent/nexus-gate" "$T/usr-lib-nexus/nexus-gate"
	cat >"$T/sshd_config" <<-END
		ListenAddress 127.0.0.1:$port
		HostKey $root/var/lib/nexus-identity/ssh/ssh_host_ed25519_key
		PidFile none
		AuthorizedKeysFile none
		AuthorizedKeysCommand /mnt/authorized-keys %u
		AuthorizedKeysCommandUser root
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin prohibit-password
		SetEnv DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SYSTEM_BUS_ADDRESS
	END
	# The banner's part is the image's own.
	sed -n '/^Match/,$p' "$SRC/overlays/common/etc/ssh/sshd_config.d/10-nexus.conf" |
		sed "s|/run/nexus-adoption|$root&|" >>"$T/sshd_config"
	# shellcheck disable=SC2016
	unshare -m --propagation private bash -c '
		mount --bind "$1/passwd" /etc/passwd
		mount --bind "$1/usr-lib-nexus" /mnt
		mkdir -p -m 755 /run/sshd
		exec /usr/sbin/sshd -D -e -f "$1/sshd_config"' - "$T" 2>"$T/sshd.log" &
	pids+=($!)
	wait_for 10 grep -q 'Server listening' "$T/sshd.log"
}
