# shellcheck shell=bash
# Sourced. Fetches moto, a double of S3 that others wrote (Debian 13's python3-moto), with the
# Python that it needs: unpacked into the cache, run from there in a chroot, nothing installed.
# shellcheck source=ci/lib/restic-peers.sh
. "$(dirname "${BASH_SOURCE[0]}")/restic-peers.sh"

# Prints the folder that holds moto's root, fetched if need be; fails if there is none.
s3_peer_root() {
	local dir root archive work deb
	dir=$(dirname "$(restic_peers_dir)")/moto
	root=$dir/trixie
	[ ! -x "$root/usr/bin/python3" ] || {
		echo "$root"
		return 0
	}
	archive=$(restic_peers_archive)
	[ -n "$archive" ] || return 1
	mkdir -p "$dir"
	work=$(mktemp -d "$dir/fetch.XXXXXX") || return 1
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root/tmp" \
		"$work"/root/usr/{bin,sbin,lib,lib64}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$work/root/"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" \
		>"$work/sources.list"
	if restic_peers_apt "$work" -qq update >&2 &&
		restic_peers_apt "$work" -qq -y --no-install-recommends --download-only install \
			python3-moto python3-flask-cors >&2; then
		for deb in "$work"/cache/archives/*.deb; do
			dpkg-deb -x "$deb" "$work/root" || break
		done
		# What ca-certificates makes when it is installed; it is read at the start.
		cat "$work"/root/usr/share/ca-certificates/mozilla/*.crt \
			>"$work/root/etc/ssl/certs/ca-certificates.crt" &&
			chroot "$work/root" /usr/bin/python3 -c 'import moto, flask_cors' >&2 &&
			rm -rf "${root:?}" && mv "$work/root" "$root"
	fi
	rm -rf "$work"
	[ -x "$root/usr/bin/python3" ] && echo "$root"
}
