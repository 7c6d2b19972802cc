#!/usr/bin/env bash
# The units of nexus-agent, judged without starting any: systemd reads them without a word, each
# stays below its limit of exposure, and what they name exists.
set -euo pipefail

command -v systemd-analyze >/dev/null || { echo "no systemd-analyze here"; exit 77; }
# shellcheck disable=SC2154 # BUILD, SRC and T come from ci/test
data=$SRC/agent/data
failed=0

complain() {
	echo "FAIL: $*" >&2
	failed=1
}

# Units that need no root: 1.2. Those that read or write files as root: 2.2. As systemd-analyze
# wants them: times ten.
limit_of() {
	case $1 in
	nexus-backup@* | nexus-check@* | nexus-restore@* | nexus-smart* | nexus-update@*) echo 22 ;;
	*) echo 12 ;;
	esac
}

echo "== exposure"
for unit in "$data"/*.service; do
	name=$(basename "$unit")
	limit=$(limit_of "$name")
	if ! systemd-analyze security --offline=true --threshold="$limit" "$unit" >"$T/out" 2>&1; then
		cat "$T/out" >&2
		complain "$name is over its limit"
	fi
	printf '%-28s %s (limit %s.%s)\n' "$name" \
		"$(sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p' "$T/out")" \
		"${limit%?}" "${limit#?}"
done

# The threshold alone would let one slip through.
capabilities_of() {
	case $1 in
	nexus-backup@* | nexus-check@* | nexus-update@*) echo CAP_DAC_READ_SEARCH ;;
	nexus-restore@*) echo CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_SETFCAP CAP_MKNOD ;;
	nexus-smart*) echo CAP_SYS_RAWIO CAP_SYS_ADMIN ;;
	esac
}

echo "== capabilities"
for unit in "$data"/*.service; do
	name=$(basename "$unit")
	[ "$(grep '^CapabilityBoundingSet=' "$unit")" = "CapabilityBoundingSet=$(capabilities_of "$name")" ] ||
		complain "$name may do more or less than it needs"
	! grep -q '^AmbientCapabilities=.' "$unit" || complain "$name has ambient capabilities"
	grep -q '^NoNewPrivileges=yes' "$unit" || complain "$name may gain privileges"
done

echo "== a unit without a sandbox would be seen"
printf '[Service]\nExecStart=/bin/true\n' >"$T/open.service"
systemd-analyze security --offline=true --threshold=22 "$T/open.service" >/dev/null 2>&1 &&
	complain "the limit limits nothing"

echo "== systemd understands them"
mkdir -p "$T/units" "$T/root"
for unit in "$data"/*.service "$data"/*.slice "$data"/*.timer; do
	# The programs are not installed here; everything else is as it will be.
	sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$unit" >"$T/units/$(basename "$unit")"
done
mv "$T/units/nexus-backup@.service" "$T/units/nexus-backup@x.service"
mv "$T/units/nexus-check@.service" "$T/units/nexus-check@x.service"
mv "$T/units/nexus-restore@.service" "$T/units/nexus-restore@x.service"
mv "$T/units/nexus-update@.service" "$T/units/nexus-update@x.service"
# Units of the system that is not here are not ours to judge, nor are man pages not installed yet.
SYSTEMD_UNIT_PATH=$T/units: systemd-analyze verify --man=no "$T/units"/*.service "$T/units"/*.timer \
	2>"$T/verify" || true
grep -E "$T/units|nexus-" "$T/verify" | grep -v 'nexus-\(hostkey\|slots\)\.service' >"$T/ours" || true
if [ -s "$T/ours" ]; then
	cat "$T/ours" >&2
	complain "systemd complains"
fi

echo "== what they start is built"
sed -n 's|^ExecStart=\(/usr/[^ ]*\).*|\1|p' "$data"/*.service | sort -u | while read -r program; do
	[ -x "$BUILD/agent/$(basename "$program")" ] || echo "$program"
done >"$T/missing"
[ ! -s "$T/missing" ] || complain "not built: $(cat "$T/missing")"

echo "== the package names every file, and nothing else"
DESTDIR=$T/dest meson install -C "$BUILD" --no-rebuild --quiet --skip-subprojects >/dev/null
(cd "$T/dest" && find . -type f | sed 's|^\./usr/local/|usr/|; s|^\./||' | LC_ALL=C sort) >"$T/installed"
# As dh_install takes them: patterns of files, or whole folders.
shopt -s nullglob
while read -r pattern; do
	# shellcheck disable=SC2206 # the pattern is to be expanded
	found=("$T/dest/usr/local/"${pattern#usr/})
	[ ${#found[@]} -gt 0 ] || echo "$pattern" >>"$T/absent"
	find "${found[@]}" -type f -printf '%P\t%p\n' | sed "s|.*\t$T/dest/usr/local/|usr/|"
done <"$SRC/debian/nexus-agent.install" | LC_ALL=C sort -u >"$T/packaged"
[ ! -e "$T/absent" ] || complain "debian/nexus-agent.install: nothing is installed as $(cat "$T/absent")"
grep -E '^usr/lib/nexus/|systemd/system/nexus-[^i]' "$T/installed" | grep -vxFf "$T/packaged" >"$T/extra" || true
[ ! -s "$T/extra" ] || complain "in no package: $(cat "$T/extra")"
shopt -u nullglob

echo "== users and folders"
sysusers=$SRC/agent/data/nexus-agent.sysusers
mkdir -p "$T/root/etc" "$T/root/usr/lib/sysusers.d"
printf 'g disk 6\ng systemd-journal -\n' >"$T/root/usr/lib/sysusers.d/basic.conf"
cp "$sysusers" "$T/root/usr/lib/sysusers.d/nexus-agent.conf"
if [ "$(id -u)" = 0 ]; then
	systemd-sysusers --root="$T/root" || complain "sysusers"
	sed -n 's/^\(User\|Group\)=//p' "$data"/*.service | sort -u | while read -r user; do
		grep -q "^$user:" "$T/root/etc/passwd" || echo "$user"
	done >"$T/strangers"
	[ ! -s "$T/strangers" ] || complain "no such users: $(cat "$T/strangers")"
	cp "$data/nexus-agent.tmpfiles" "$T/root/tmpfiles.conf"
	systemd-tmpfiles --root="$T/root" --create "$T/root/tmpfiles.conf" 2>"$T/tmpfiles" ||
		complain "tmpfiles: $(cat "$T/tmpfiles")"
	[ "$(stat -c %a "$T/root/run/nexus-adoption")" = 700 ] || complain "run/nexus-adoption is open"
fi

echo "== message ids: source, catalogue and its Spanish twin agree"
sed -n 's/^#define JOURNAL_[A-Z_]* "\([0-9a-f]*\)"/\1/p' "$SRC/agent/common/journal.h" | sort >"$T/ids"
sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' "$data/nexus.catalog" | sort >"$T/ids.en"
sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' "$data/nexus.es.catalog" | sort >"$T/ids.es"
diff "$T/ids" "$T/ids.en" || complain "ids differ"
diff "$T/ids" "$T/ids.es" || complain "Spanish ids differ"
[ "$(wc -l <"$T/ids")" -ge 12 ] || complain "hardly any ids"
journalctl --update-catalog --root="$T/root" >/dev/null 2>&1 || true
mkdir -p "$T/root/usr/lib/systemd/catalog"
cp "$data"/nexus*.catalog "$T/root/usr/lib/systemd/catalog/"
if journalctl --update-catalog --root="$T/root" 2>"$T/catalog"; then
	journalctl --dump-catalog --root="$T/root" >"$T/dump" 2>/dev/null || true
	grep -qi 'error\|invalid' "$T/catalog" && complain "catalogue: $(cat "$T/catalog")"
fi

echo "== polkit rule: parses, and lets nexus-agent start its own units alone"
if command -v node >/dev/null; then
	cat >"$T/rule.js" <<-'END'
		const fs = require("fs"), vm = require("vm");
		let rule;
		const R = { YES: "yes", NO: "no", NOT_HANDLED: "other" };
		vm.runInNewContext(fs.readFileSync(process.argv[2], "utf8"),
			{ polkit: { addRule: f => { rule = f; }, Result: R }, String });
		const ask = (user, verb, unit, id = "org.freedesktop.systemd1.manage-units") =>
			rule({ id, lookup: k => ({ verb, unit })[k] }, { user });
		const cases = [
			["yes", "nexus-agent", "start", "nexus-backup@20261122-094452-3f2a1b.service"],
			["yes", "nexus-agent", "start", "nexus-mark-good.service"],
			["yes", "nexus-agent", "start", "nexus-update@20261122-094452-3f2a1b.service"],
			["yes", "nexus-agent", "start", "reboot.target"],
			["no", "nexus-agent", "stop", "reboot.target"],
			["no", "nexus-agent", "start", "poweroff.target"],
			["no", "nexus-agent", "start", "ssh.service"],
			["no", "nexus-agent", "restart", "nexus-mark-good.service"],
			["no", "nexus-agent", "start", "nexus-backup@../x.service"],
			["no", "nexus-agent", "start", undefined],
			["other", "nexus-operator", "start", "nexus-mark-good.service"],
			["other", "nexus-agent", "start", "nexus-smart.service", "org.freedesktop.login1.reboot"],
		];
		for (const [want, ...args] of cases)
			if (ask(...args) !== want) { console.error(args, ask(...args)); process.exit(1); }
	END
	node "$T/rule.js" "$data/com.nexusempresarial.agent.rules" || complain "polkit rule"
else
	echo "   (no JavaScript engine here)"
fi
exit $failed
