#!/usr/bin/env bash
# ci/setup on a Debian 12 that has git and nothing else: installs, builds, is quick afterwards.
# timeout: 1200
# parallel: yes
set -euo pipefail
# shellcheck source=ci/lib.sh
. "$SRC/ci/lib.sh"

if [ "$(id -u)" != 0 ]; then
	echo "needs root for a chroot"
	exit 77
fi
suite=bookworm
tar=$NEXUS_CACHE/fresh/$suite.tar
archives=$NEXUS_CACHE/fresh/archives-$suite
mkdir -p "$archives/partial"
if [ ! -f "$tar" ]; then
	uri=$(archive_of $suite)
	mmdebstrap --variant=minbase --format=tar --include=git,ca-certificates \
		$suite "$T/$suite.tar" "$uri"
	mv "$T/$suite.tar" "$tar"
fi

root=$T/root
mkdir "$root"
tar -C "$root" -xf "$tar"
mkdir "$root/nexus"
git -C "$SRC" -c safe.directory='*' ls-files --cached --others --exclude-standard -z |
	(cd "$SRC" && while IFS= read -r -d '' file; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done) | tar -C "$SRC" -c --null --files-from=- | tar -C "$root/nexus" -x

# In a mount namespace of its own, so that nothing stays mounted here; packages that were
# fetched are kept, as a second run on a metered line should not pay again.
export root archives
inside() {
	mount --bind "$archives" "$root/var/cache/apt/archives"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	# shellcheck disable=SC2016
	chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euo pipefail -c '
		cd /nexus
		ci/setup
		started=$(date +%s%N)
		ci/setup
		quick=$((($(date +%s%N) - started) / 1000000))
		echo "when nothing is missing: $quick ms"
		[ "$quick" -lt 1000 ]
		ci/test unit arch fuzz
	'
}
export -f inside
unshare --mount --propagation private bash -euo pipefail -c inside
