#!/bin/bash
# forget decides as restic does: random times (clock changes, week 53, leap days, the future, all
# kinds of zones) and random policies, the verdicts and reasons compared one by one. POLICIES a
# time zone (default 2, against 30 lists each), SEED.
# timeout: 300
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=integ
if ! restic_peers_fetch || ! restic=$(restic_peers_new); then
	echo "SKIP: no restic 0.19 here"
	exit 77
fi
seed=${SEED:-4711}
total=0
for zone in UTC Europe/Madrid America/St_Johns Australia/Lord_Howe; do
	export TZ=$zone RESTIC_REPOSITORY=$T/repo-$total
	"$NB" init -q || backup_die "init"
	out=$(python3 "$SRC/tests/integ/backup/retain.py" "$BUILD/tests/integ/test-snapshots" "$NB" \
		"$restic" "$RESTIC_REPOSITORY" "${POLICIES:-2}" "$seed") || {
		echo "$out"
		backup_die "verdicts differ, TZ=$zone, seed $seed"
	}
	read -r snapshots judged refused <<<"$out"
	echo "ok: TZ=$zone: $snapshots snapshots, $judged lists judged alike, $refused refused alike"
	total=$((total + judged))
	seed=$((seed + 1))
done
[ -n "${POLICIES:-}" ] || [ "$total" -ge 200 ] || backup_die "only $total lists were judged"
exit 0
