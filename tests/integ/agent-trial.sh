#!/usr/bin/env bash
# timeout: 120
# parallel: yes
# A new system proves itself: nexus-agent and nexus-bootstate over the boots that follow an update.
set -euo pipefail
# shellcheck source=tests/integ/agent-lib.sh
. "$SRC/tests/integ/agent-lib.sh"

need_tools busctl dbus-daemon jq ssh-keygen
make_box
variable() { # NAME
	sed -n "s/^$1=//p" <(tr -d '\0' <"$root/run/nexus/bootstate")
}
slots() {
	status '[.slots[] | "\(.name) \(.version) \(.state)"] | join(", ")'
}
slots_are() {
	[ "$(slots)" = "$1" ]
}
boot_into() { # SLOT VERSION BOOT-ID
	end_agent KILL
	rm -f "$root/double/restarts"
	echo "nexus.mode=installed nexus.slot=$1 rauc.slot=$1" >"$root/proc/cmdline"
	sed -i "s/\"version\":\"[^\"]*\"/\"version\":\"$2\"/" "$root/usr/lib/nexus/image.json"
	echo "$3$3$3$3$3$3$3$3-0000-4000-8000-000000000000" >"$root/proc/sys/kernel/random/boot_id"
	rm -rf "$root/run/nexus-bootstate/"*
	"$BUILD/agent/nexus-bootstate" --root "$root" read
	start_agent
}
env_is() { # ORDER A_OK A_TRY B_OK B_TRY PROVEN
	grub_env MODE=installed "ORDER=$1" "A_OK=$2" "A_TRY=$3" "B_OK=$4" "B_TRY=$5" "PROVEN=$6"
}
start_bus
start_agent
wait_for 20 slots_are "A 0.1.0 good, B null empty"

echo "== a root that can't be read to its end is not called good, and the box leaves it"
mkdir -p "$root/dev/mapper/root"
sed -i 's/^GateDelay.*/&\nGateLimit=1min/' "$root/etc/nexus/agent.conf"
env_is "B A" 1 0 1 1 A
boot_into B 0.2.0 4
wait_for 20 slots_are "A 0.1.0 good, B 0.2.0 trial"
wait_for 30 test -e "$root/double/restarts"
[ "$(variable PROVEN)" = A ] || fail "called good although it can't be read"
rmdir "$root/dev/mapper/root"
echo "== the next try proves itself"
head -c 1000000 /dev/zero >"$root/dev/mapper/root"
env_is "B A" 1 0 1 2 A
boot_into B 0.2.0 5
wait_for 20 slots_are "A 0.1.0 good, B 0.2.0 good"
[ "$(variable PROVEN)|$(variable B_TRY)" = "B|0" ] || fail "not marked"
[ ! -e "$root/double/restarts" ] || fail "a system that is good was left"

echo "== one that does not come up in time is left; after the fallback both are told"
env_is "A B" 1 1 1 0 B
echo starting >"$root/double/system-state"
boot_into A 0.3.0 6
wait_for 20 test -e "$root/double/restarts"
grep -q "system A did not prove itself (the start has not ended)" "$T/agent.log" || fail "it does not say why"
rm "$root/double/system-state"
env_is "A B" 1 3 1 1 B
boot_into B 0.2.0 7
wait_for 20 slots_are "A 0.3.0 bad, B 0.2.0 good"
[ "$(variable A_OK)|$(variable ORDER)" = "0|B A" ] || fail "the failed system was not put last"
fallback_told() {
	status '.health.checks[] | select(.id == "slot") | .level + .text' | grep -q "warnSystem A did not start"
}
wait_for 10 fallback_told
boot_into B 0.2.0 8
wait_for 10 fallback_told
echo "all is well"
