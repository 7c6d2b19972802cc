# shellcheck shell=bash
# What the commands in ci/ share; sourced, never run.

# Where the tree is, whatever the current folder, and where downloads and caches live.
SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
NEXUS_CACHE=${NEXUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nexus}
export SRC NEXUS_CACHE

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Seconds with tenths since the Unix epoch, and those since such a moment.
now() {
	local t=$EPOCHREALTIME
	printf '%s\n' "${t%[.,]*}.${t#*[.,]}"
}

since() {
	awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'
}

# Prints WHAT and the seconds it took, around a command whose output goes to a log; on a terminal
# the seconds count while it runs. When it fails, the end of the log is shown and 1 is returned.
run_step() {
	local what=$1 log=$2 started ticker="" r=0
	shift 2
	started=$(now)
	mkdir -p "$(dirname "$log")"
	if [ -t 1 ]; then
		while :; do
			printf '\r  %-52s %7.0f s' "$what" "$(since "$started")"
			sleep 1
		done &
		ticker=$!
	fi
	"$@" >"$log" 2>&1 </dev/null || r=$?
	if [ -n "$ticker" ]; then
		kill "$ticker"
		wait "$ticker" 2>/dev/null || true
		printf '\r\033[K'
	fi
	if [ "$r" = 0 ]; then
		printf '  %-52s %7s s\n' "$what" "$(since "$started")"
		return 0
	fi
	printf '  %-52s FAILED after %s s; the end of %s:\n' "$what" "$(since "$started")" "$log"
	tail -n "${TAIL_LINES:-25}" "$log" | sed 's/^/  | /'
	return 1
}

# The archives that apt is set up for, one a line; nothing needs to have been fetched.
apt_archives() {
	apt-get --print-uris update 2>/dev/null | sed -n "s|^'\([^']*\)/dists/.*|\1|p" | sort -u
}

# archive_of SUITE: the archive to make a chroot from: NEXUS_MIRROR, or the one of that
# distribution that this machine's apt is set up for. Ends the program when there is none.
archive_of() {
	local suite=$1 folder=debian uri scratch uris
	[ "$suite" != noble ] || folder=ubuntu
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/nexus-archive.XXXXXX")
	uris=${NEXUS_MIRROR:-$(apt_archives | grep "/$folder\$" || true)}
	for uri in $uris; do
		if /usr/lib/apt/apt-helper -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
			download-file "$uri/dists/$suite/InRelease" "$scratch/InRelease" \
			>>"$scratch/log" 2>&1; then
			rm -rf "$scratch"
			printf '%s\n' "$uri"
			return 0
		fi
	done
	if grep -qE 'resolv|onnect|timed out|unreachable' "$scratch/log" 2>/dev/null; then
		rm -rf "$scratch"
		die "no network, or the package servers do not answer: a chroot of $suite can't be made; check the connection and try again"
	fi
	rm -rf "$scratch"
	die "apt on this machine knows no archive that offers $suite; set NEXUS_MIRROR to one that does"
}
