#!/bin/bash
# restic's own test repositories: snapshots, ls, restore and check give the verdicts that restic
# gives.
# timeout: 200
# parallel: yes
set -u
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD=geheim
bad='repo-data-missing repo-index-missing-blob repo-index-missing repo-unused-data-missing'
count=0
for file in "$SRC"/tests/data/restic/*repo*.tar.gz; do
	name=$(basename "$file" .tar.gz)
	rm -rf "$T/repo"
	mkdir "$T/repo"
	tar -xzf "$file" -C "$T/repo" || backup_die "unpack $name"
	RESTIC_REPOSITORY=$(dirname "$(find "$T/repo" -name config | head -n 1)")
	export RESTIC_REPOSITORY
	chmod -R u+w "$RESTIC_REPOSITORY"
	"$NB" snapshots --json >"$T/snapshots" || backup_die "$name: snapshots"
	expect=0
	[[ " $bad " != *" $name "* ]] || expect=1
	"$NB" check >"$T/check" 2>&1
	code=$?
	[ "$code" = "$expect" ] || {
		cat "$T/check"
		backup_die "$name: check says $code, restic $expect"
	}
	if [ "$expect" = 0 ]; then
		"$NB" check -q --read-data || backup_die "$name: check --read-data"
		if grep -q short_id "$T/snapshots"; then
			"$NB" ls latest >"$T/ls" || backup_die "$name: ls"
			rm -rf "$T/out"
			"$NB" restore -q latest --verify --target "$T/out" || backup_die "$name: restore"
			files=$(find "$T/out" -type f | wc -l)
			[ "$files" -gt 0 ] || backup_die "$name: nothing was restored"
		fi
	fi
	count=$((count + 1))
	echo "ok: $name, check $code, $(grep -o short_id "$T/snapshots" | wc -l) snapshots"
done
[ "$count" -ge 9 ] || backup_die "only $count repositories were found"
exit 0
