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
