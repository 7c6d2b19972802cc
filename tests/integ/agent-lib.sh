# shellcheck shell=bash
# What the tests of nexus-agent share: a folder that stands for a box, a private bus, a double of
# systemd, the real daemon.

# shellcheck disable=SC2154 # BUILD, SRC and T come from ci/test
root=$T/root
pids=()

fail() {
	echo "FAIL: $*" >&2
	[ ! -e "$T/agent.log" ] || tail -n 30 "$T/agent.log" >&2
	exit 1
}

cleanup() {
	local pid dir
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	for dir in "$root/var/lib/nexus-agent" "$root/data/small" "$root/data/update"; do
		! mountpoint -q "$dir" || umount "$dir"
	done
}
trap cleanup EXIT

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $*"
		sleep 0.1
	done
}

# need_tools TOOL...: skips the test where one is missing.
need_tools() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || { echo "no $tool here"; exit 77; }
	done
}

# The folders of a box, as image and units make them, and our engine where its programs look.
make_box() {
	mkdir -p "$T/bin"
	ln -s "$BUILD/backup/nexus-backup" "$T/bin/nexus-backup"
	export PATH=$T/bin:$PATH HOME=$T XDG_CACHE_HOME=$T/cache
	mkdir -p "$root"/{etc/nexus,proc/sys/kernel/random,sys,dev,data/backup,data/restore,data/files} \
		"$root"/{double,run/nexus-jobs,run/nexus-adoption,run/nexus-smart,run/nexus-bootstate} \
		"$root"/{run/nexus,var/lib/nexus-bootstate,var/lib/nexus-identity/ssh,usr/lib/nexus}
	cp /proc/meminfo "$root/proc/"
	echo "root=/dev/mapper/root systemd.verity_root_data=PARTUUID=x nexus.mode=installed nexus.slot=A rauc.slot=A" >"$root/proc/cmdline"
	echo 11111111-0000-4000-8000-000000000001 >"$root/proc/sys/kernel/random/boot_id"
	echo '{"schema":"nexus.image/1","distribution":"debian","suite":"trixie","version":"0.1.0","build_epoch":1700000000}' \
		>"$root/usr/lib/nexus/image.json"
	grub_env 'MODE=installed' 'ORDER=A B' 'A_OK=1' 'A_TRY=1' 'B_OK=0' 'B_TRY=0' 'PROVEN='
	ssh-keygen -q -t ed25519 -N '' -C nexus -f "$root/var/lib/nexus-identity/ssh/ssh_host_ed25519_key"
	cat >"$root/etc/nexus/agent.conf" <<-END
		[Backup]
		Path=$root/data/files
		Repository=$root/data/backup/repo
		BootDelay=1d
		[Health]
		GateDelay=0
	END
}

# grub_env NAME=VALUE...: the boot state's 1024 bytes.
grub_env() {
	{
		printf '# GRUB Environment Block\n'
		printf '%s\n' "$@"
		printf '#%.0s' {1..1024}
	} | head -c 1024 >"$root/run/nexus/bootstate"
}

start_bus() {
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/bus
	dbus-daemon --session --nofork --nopidfile --address="$DBUS_SYSTEM_BUS_ADDRESS" 2>"$T/bus.log" &
	pids+=($!)
	wait_for 10 test -S "$T/bus"
	"$BUILD/tests/integ/double-systemd" "$SRC/agent/data" "$BUILD/agent" "$root" 2>"$T/systemd.log" &
	pids+=($!)
	wait_for 10 bus status org.freedesktop.systemd1
}

bus() {
	busctl --system "$@"
}

start_agent() {
	"$BUILD/agent/nexus-agent" --root "$root" 2>>"$T/agent.log" &
	agent_pid=$!
	pids+=("$agent_pid")
	wait_for 20 bus status com.nexusempresarial.Agent1
}

# end_agent SIGNAL
end_agent() {
	kill "-$1" "$agent_pid"
	wait "$agent_pid" 2>/dev/null || true
}

# call METHOD SIGNATURE ARGUMENT...: the text that comes back.
call() {
	bus --json=short call com.nexusempresarial.Agent1 /com/nexusempresarial/Agent1 \
		com.nexusempresarial.Agent1.Manager "$@" | jq -r '.data[0]'
}

property() {
	bus --json=short get-property com.nexusempresarial.Agent1 /com/nexusempresarial/Agent1 \
		com.nexusempresarial.Agent1.Manager "$1" | jq -r .data
}

status() {
	call GetStatus | jq -r "$1"
}

# job_state ID
job_state() {
	call GetJob s "$1" | jq -r .state
}

job_is() {
	[ "$(job_state "$1")" = "$2" ]
}

# gate ROLE... : nexus-gate with the requests of stdin.
gate() {
	"$BUILD/agent/nexus-gate" "$@"
}
