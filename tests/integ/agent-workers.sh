#!/usr/bin/env bash
# What nexus-agent starts: the boot state (damaged, fallen back, of no slot), the disks' health, the
# repository (made once, cut short, full disk), a job that is stopped; and a backup that nobody asked
# for because it was due.
set -euo pipefail
# shellcheck source=tests/integ/agent-lib.sh
. "$SRC/tests/integ/agent-lib.sh"

need_tools busctl dbus-daemon jq ssh-keygen
make_box
worker() { # PROGRAM ARGUMENT...
	local program=$1
	shift
	"$BUILD/agent/$program" --root "$root" "$@" 2>"$T/err"
}
variable() { # NAME
	sed -n "s/^$1=//p" <(tr -d '\0' <"$root/run/nexus/bootstate")
}

echo "== the boot state: shown, marked, two sectors and no more"
worker nexus-bootstate read || fail "read: $(cat "$T/err")"
cmp "$root/run/nexus/bootstate" "$root/run/nexus-bootstate/grubenv" || fail "shown otherwise"
cmp "$root/run/nexus/bootstate" "$root/var/lib/nexus-bootstate/grubenv" || fail "no copy from the first boot on"
worker nexus-bootstate mark-good || fail "mark-good: $(cat "$T/err")"
[ "$(variable PROVEN)$(variable A_OK)$(variable A_TRY)" = A10 ] || fail "not marked"
[ "$(stat -c %s "$root/run/nexus/bootstate")" = 1024 ] || fail "another size"
[ ! -e "$root/run/nexus-bootstate/fallback" ] || fail "a fallback that was none"

echo "== a damaged boot state is written anew from its copy"
cp "$root/run/nexus/bootstate" "$T/good"
harm() { # HOW: the boot state on stdout, damaged so
	case $1 in
	zeros) head -c 1024 /dev/zero ;;
	noise) head -c 1024 /dev/urandom ;;
	first-sector-lost) head -c 512 /dev/zero && tail -c +513 "$T/good" ;;
	first-sector-torn) head -c 60 "$T/good" && head -c 452 /dev/zero && tail -c +513 "$T/good" ;;
	second-sector-noise) head -c 512 "$T/good" && printf '\nA_OK\n' && head -c 506 /dev/zero ;;
	emptied) printf '# GRUB Environment Block\n' && printf '#%.0s' {1..999} ;;
	short) head -c 512 "$T/good" ;;
	nuls) head -c 25 "$T/good" && head -c 999 /dev/zero ;;
	esac
}
for how in zeros noise first-sector-lost first-sector-torn second-sector-noise emptied short nuls; do
	for verb in read mark-good; do
		harm "$how" >"$root/run/nexus/bootstate"
		worker nexus-bootstate "$verb" || fail "$how, $verb: $(cat "$T/err")"
		cmp "$T/good" "$root/run/nexus/bootstate" || fail "$how, $verb: not repaired"
		cmp "$T/good" "$root/run/nexus-bootstate/grubenv" || fail "$how, $verb: shown otherwise"
	done
done
head -c 1024 /dev/zero >"$root/run/nexus/bootstate"
mv "$root/var/lib/nexus-bootstate/grubenv" "$T/copy"
worker nexus-bootstate read && fail "read zeros"
worker nexus-bootstate mark-good && fail "marked zeros good"
cmp <(head -c 1024 /dev/zero) "$root/run/nexus/bootstate" || fail "wrote over what it can't read"
mv "$T/copy" "$root/var/lib/nexus-bootstate/grubenv"
cp "$T/good" "$root/run/nexus/bootstate"

echo "== what a boot on trial has counted does not get into the copy"
grub_env 'MODE=installed' 'ORDER=B A' 'A_OK=1' 'A_TRY=0' 'B_OK=1' 'B_TRY=1' 'PROVEN=A'
worker nexus-bootstate read || fail "read: $(cat "$T/err")"
cmp "$T/good" "$root/var/lib/nexus-bootstate/grubenv" || fail "the copy is of a boot on trial"

echo "== an update that did not come up is put last"
grub_env 'MODE=installed' 'ORDER=B A' 'A_OK=1' 'A_TRY=1' 'B_OK=1' 'B_TRY=3' 'PROVEN=A'
worker nexus-bootstate mark-good || fail "mark-good: $(cat "$T/err")"
[ "$(variable ORDER)|$(variable B_OK)|$(variable PROVEN)" = "A B|0|A" ] || fail "$(head -c 200 "$root/run/nexus/bootstate")"
[ "$(cat "$root/run/nexus-bootstate/fallback")" = B ] || fail "the fallback is not told"

echo "== without a slot nothing is marked"
cp "$root/run/nexus/bootstate" "$T/before"
echo quiet >"$root/proc/cmdline"
worker nexus-bootstate mark-good && fail "marked no slot good"
cmp "$T/before" "$root/run/nexus/bootstate" || fail "changed"
echo "nexus.mode=installed nexus.slot=A" >"$root/proc/cmdline"

echo "== the disks' health: one that fails to answer hides no other"
mkdir -p "$root/sys/block/"{sda,sdb,nvme0n1,loop0,vda}
cat >"$T/bin/smartctl" <<-END
	#!/bin/sh
	case \$3 in
	/dev/sda) cat "$SRC/tests/fuzz/corpus/smart/ata-worn"; exit 64 ;;
	/dev/sdb) echo garbage; exit 2 ;;
	/dev/nvme0n1) cat "$SRC/tests/fuzz/corpus/smart/nvme-failing"; exit 8 ;;
	esac
	exit 99
END
chmod +x "$T/bin/smartctl"
worker nexus-smart || fail "nexus-smart: $(cat "$T/err")"
[ "$(cd "$root/run/nexus-smart" && echo *)" = "nvme0n1.json sda.json" ] || fail "$(ls "$root/run/nexus-smart")"
grep -q "ask disk sdb" "$T/err" || fail "sdb's silence is not told"

echo "== the repository: made once; a cut in the middle leaves nothing in the way"
repo=$root/data/backup/repo
key=$root/var/lib/nexus-identity/backup/repo.key
mkdir -p "$repo.new/data" && echo half >"$repo.new/keys"
worker nexus-job init || fail "init: $(cat "$T/err")"
[ -e "$repo/config" ] || fail "no repository"
[ ! -e "$repo.new" ] || fail "not made in one piece"
[ "$(wc -c <"$key")" = 65 ] || fail "the key has another size"
sum=$(cat "$repo/config" "$key" | sha256sum)
worker nexus-job init || fail "init again: $(cat "$T/err")"
[ "$(cat "$repo/config" "$key" | sha256sum)" = "$sum" ] || fail "made twice"
[ ! -e "$root/run/nexus-jobs/init.error" ] || fail "an error that was none"

if [ "$(id -u)" = 0 ]; then
	echo "== a full disk: the key may exist before the repository, never the other way round"
	mkdir -p "$root/data/small"
	mount -t tmpfs -o size=64k nexus-test "$root/data/small"
	dd if=/dev/zero of="$root/data/small/filler" bs=1k 2>/dev/null || true
	cp "$root/etc/nexus/agent.conf" "$T/agent.conf"
	sed -i "s|^Repository=.*|Repository=$root/data/small/repo|" "$root/etc/nexus/agent.conf"
	worker nexus-job init && fail "made a repository out of nothing"
	grep -qi "no space\|space" "$root/run/nexus-jobs/init.error" || fail "$(cat "$root/run/nexus-jobs/init.error")"
	[ ! -e "$root/data/small/repo/config" ] || fail "half a repository"
	rm "$root/data/small/filler"
	umount "$root/data/small"
	cp "$T/agent.conf" "$root/etc/nexus/agent.conf"
fi

echo "== a job that is due runs by itself"
sed -i 's/^BootDelay=.*/BootDelay=0/' "$root/etc/nexus/agent.conf"
head -c 100000 /dev/urandom >"$root/data/files/a"
start_bus
start_agent
due_done() {
	[ "$(status .backup.last_result)" = "done" ]
}
wait_for 30 due_done
[ "$(call ListJobs | jq length)" = 1 ] || fail "$(call ListJobs)"
next=$(date -d "$(status .backup.next)" +%s)
[ $((next - $(date +%s))) -gt 80000 ] || fail "the next one is at $(status .backup.next)"
[ "$(status '.disks | map(.name + .smart) | join(",")')" = "nvme0n1failed,sdapassed" ] || fail "$(status .disks)"
[ "$(property Health)" = fail ] || fail "a failing disk is no trouble"
status '.health.checks[] | select(.id == "slot") | .text' | grep -q "System B did not start" ||
	fail "the fallback is not in the status"

echo "== a worker that is stopped stops the engine and says so"
rm "$T/bin/nexus-backup"
printf '#!/bin/sh\necho $$ >"%s/engine.pid"\nexec sleep 60\n' "$T" >"$T/bin/nexus-backup"
chmod +x "$T/bin/nexus-backup"
id=$(call RunJob ss check "")
wait_for 10 test -s "$T/engine.pid"
group=$(tail -n 1 "$root/double/started")
kill -TERM "$group"
job_ended() {
	job_is "$id" failed
}
wait_for 10 job_ended
call GetJob s "$id" | jq -r .result.message | grep -qi stopped || fail "$(call GetJob s "$id")"
kill -0 "$(cat "$T/engine.pid")" 2>/dev/null && fail "the engine goes on"
echo "all is well"
