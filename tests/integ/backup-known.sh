#!/bin/bash
# What restic's own help names is known here: each verb and option of it is one of ours, with the
# same letter, or one that is left out on purpose and says so; and so are its -o options and the
# variables of its environment. A new restic makes this fail, and that is a decision to be made.
# timeout: 120
# parallel: yes
# An empty verb is no word.
# shellcheck disable=SC2086
set -u
. "$SRC/ci/lib/restic-peers.sh"
export LC_ALL=C.UTF-8 LANGUAGE=
NB=$BUILD/backup/nexus-backup
if ! restic_peers_fetch || ! restic=$(restic_peers_new); then
	echo "skipped: no restic here"
	exit 77
fi
failures=0
missing() {
	echo "$1"
	failures=$((failures + 1))
}
# Requests that format are taken out of the man page; "Fl -json" becomes "--json".
man=$T/man
sed -E 's/\bFl -/--/g; s/ , -([a-z]{2})/ , --\1/g; s/ (Ns|Cm|Ar|Fl|Op|Ev|No) / /g; s/\\&//g; s/\\-/-/g' "$SRC/docs/nexus-backup.1" >"$man"
in_man() {
	grep -qE -- "(^|[^-a-zA-Z0-9])$1([^-a-z0-9]|\$)" "$man"
}

# verbs WORD...: the verbs below a command of restic.
verbs() {
	"$restic" "$@" --help | awk '/Commands:|Options:/ { on = 1; next } /^$/ { on = 0 }
		on && /^  [a-z]/ { print $1 }'
}
# flags SECTION WORD...: its options, "LETTER NAME" each, "." for no letter.
flags() {
	local section=$1
	shift
	"$restic" "$@" --help | awk -v section="$section" '$0 ~ section { on = 1; next } /^$/ { on = 0 }
		on && match($0, /--[a-z0-9-]+/) {
			name = substr($0, RSTART, RLENGTH)
			print (match($0, /^ +-[A-Za-z],/) ? substr($0, RSTART + RLENGTH - 2, 1) : "."), name
		}'
}
# is_decided WORD...: it is left out, and says why. The words are a command line.
is_decided() {
	"$NB" "$@" 2>&1 >/dev/null </dev/null | grep -q "there is no '"
}
compared=0 left_out=0
# compare VERB WORD...: restic's options of WORD... with ours of VERB.
compare() {
	local verb=$1 section=$2 letter name offered help
	shift 2
	offered=$("$NB" __complete $verb | cut -f 1)
	help=$("$NB" $verb --help)
	while read -r letter name; do
		compared=$((compared + 1))
		if grep -qxE -e "$name=?" <<<"$offered"; then
			[ "$letter" = . ] || grep -qE -e "^  -$letter, $name([=[]| |\$)" <<<"$help" ||
				missing "$verb: -$letter is not $name"
		elif is_decided $verb "$name=1"; then
			left_out=$((left_out + 1))
			in_man "$name" || missing "$name is left out, but not in the man page"
		else
			missing "$verb $name of restic is not known"
		fi
	done < <(flags "$section" "$@")
}
while read -r verb; do
	if is_decided "$verb"; then
		left_out=$((left_out + 1))
		in_man "$verb" || missing "$verb is left out, but not in the man page"
	elif [ "$verb" = version ] || [ "$verb" = help ]; then
		"$NB" "$verb" >"$T/out" || missing "$verb"
	elif ! "$NB" __complete | cut -f 1 | grep -qx "$verb"; then
		missing "verb $verb of restic is not known"
	elif [ "$verb" = key ] || [ "$verb" = repair ]; then
		while read -r below; do
			compare "$verb" '^Flags:' "$verb" "$below"
		done < <(verbs "$verb")
	else
		compare "$verb" '^Flags:' "$verb"
	fi
done < <(verbs)
compare snapshots '^Global Flags:' snapshots
[ "$compared" -gt 150 ] || missing "only $compared options were compared"
[ "$left_out" -gt 10 ] || missing "only $left_out words are left out"
echo "$compared options of restic, $left_out left out"

# What is said to be left out is nothing that we have.
while read -r word; do
	! "$NB" __complete backup | cut -f 1 | grep -qxE -e "$word=?" || missing "$word is there"
	! "$NB" __complete | cut -f 1 | grep -qxE -e "$word" || missing "$word is there"
done < <(sed -nE 's/^	\{"([^"]+)".*/\1/p' "$SRC/backup/absent.c")

# The options behind -o: one of ours, or named in the man page as left out.
count=0
while read -r name; do
	count=$((count + 1))
	if "$NB" -r s3:127.0.0.1:1/b -o "$name=" snapshots 2>&1 | grep -q 'no such option'; then
		in_man "${name//./\\.}" || in_man "${name%%.*}\\.\\*" || missing "-o $name is not known"
	fi
done < <("$restic" options | awk '/^  [a-z0-9]+\./ { print $1 }')
[ "$count" -gt 20 ] || missing "only $count options of -o"

# Variables: those of its help, and those that its manual names.
for name in $({
	for verb in "" $(verbs); do
		"$restic" $verb --help
	done | grep -oE '\$RESTIC_[A-Z0-9_]+' | tr -d '$'
	echo RESTIC_CACHE_DIR RESTIC_FEATURES RESTIC_PASSWORD RESTIC_FROM_PASSWORD RESTIC_PROGRESS_FPS
	echo RESTIC_REST_USERNAME RESTIC_REST_PASSWORD TMPDIR AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	echo AWS_SESSION_TOKEN AWS_DEFAULT_REGION AWS_SHARED_CREDENTIALS_FILE AWS_PROFILE
} | tr ' ' '\n' | sort -u); do
	in_man "$name" || missing "$name is not in the man page"
done
[ $failures = 0 ]
