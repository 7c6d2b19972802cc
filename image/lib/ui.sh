# shellcheck shell=bash
# What a person sees of a build: steps with elapsed time, clear errors, the tail of a failed step's log.

ui_started=$SECONDS
ui_step_number=0
ui_step_total=0
ui_step_pid=
ui_timings=()

ui_say() {
	printf '%s\n' "$*"
}

# ui_die WHAT [WHAT-TO-DO...]: ends the build; exit code 2 is a wrong command line, 1 all else.
ui_die() {
	local code=${ui_exit_code:-1}
	printf '\n%s: %s\n' "$program" "$1" >&2
	shift
	local line
	for line in "$@"; do
		printf '  %s\n' "$line" >&2
	done
	exit "$code"
}

# Inside a step (its output is the log): the sentence that the person is shown when the step fails.
ui_advice() {
	printf '%s\n' "$@" >"$work/advice"
}

# ui_step TITLE FUNCTION: runs a step in a process group of its own, its output in $logs/FUNCTION.log.
# In the background and waited for, because "set -e" is off inside a condition.
ui_step() {
	local title=$1 function=$2 log begun=$SECONDS code=0
	ui_step_number=$((ui_step_number + 1))
	log=$logs/${function#step_}.log
	rm -f "$work/advice"
	local head
	head=$(printf '[%d/%d] %-44s' "$ui_step_number" "$ui_step_total" "$title")
	set -m
	if [ "$verbose" = yes ]; then
		ui_say "$head"
		(set -o pipefail; "$function" 2>&1 | tee "$log") &
	else
		printf '%s' "$head"
		"$function" >"$log" 2>&1 &
	fi
	ui_step_pid=$!
	set +m
	if [ -t 1 ] && [ "$verbose" = no ]; then
		while kill -0 "$ui_step_pid" 2>/dev/null; do
			printf '\r%s %4d s' "$head" $((SECONDS - begun))
			sleep 0.5
		done
		printf '\r%s' "$head"
	fi
	wait "$ui_step_pid" || code=$?
	ui_step_pid=
	if [ "$code" -ne 0 ]; then
		printf ' failed after %d s\n' $((SECONDS - begun))
		ui_step_failed "$title" "$log"
	fi
	ui_timings+=("${function#step_} $((SECONDS - begun))")
	if [ -s "$work/advice" ]; then
		printf ' %4d s  (%s)\n' $((SECONDS - begun)) "$(head -n 1 "$work/advice")"
	else
		printf ' %4d s\n' $((SECONDS - begun))
	fi
}

ui_step_failed() {
	local title=$1 log=$2 kept advice=()
	kept=$(ui_keep_log "$log")
	{
		printf '\n%s: step "%s" failed. The end of its log:\n' "$program" "$title"
		tail -n 20 "$log" | sed 's/^/    /'
	} >&2
	if grep -qE 'No space left on device|enough free space' "$log"; then
		advice=("The disk is full: free some space under $cache or $out," \
			"or put the cache elsewhere with NEXUS_CACHE=FOLDER.")
	elif [ -s "$work/advice" ]; then
		mapfile -t advice <"$work/advice"
	else
		advice=("Read the whole log, then try again; --verbose shows it as it goes.")
	fi
	ui_die "nothing was written to $out." "${advice[@]}" ${kept:+"Log: $kept"}
}

# The logs lie in the work folder, which goes away; the failed one is kept beside the cache.
ui_keep_log() {
	mkdir -p "$cache/logs" 2>/dev/null && cp "$1" "$cache/logs/" 2>/dev/null &&
		printf '%s/logs/%s' "$cache" "$(basename "$1")"
	return 0
}

ui_stop_step() {
	[ -n "$ui_step_pid" ] || return 0
	kill -TERM -- "-$ui_step_pid" 2>/dev/null || true
	wait "$ui_step_pid" 2>/dev/null || true
}
