# shellcheck shell=bash
# Sourced after restic-peers.sh. Fetches borg 1.4, as Debian 13 has it, with the Python and the
# libraries that it needs, into a folder of its own; it runs there with its own loader, so that
# an older host can have it too.

BORG_PEER_PACKAGES=(borgbackup python3.13-minimal libpython3.13-minimal libpython3.13-stdlib
	python3-msgpack python3-packaging libc6 libacl1 libattr1 libxxhash0 liblz4-1 libzstd1
	libssl3t64 zlib1g libexpat1 libffi8 libbz2-1.0 liblzma5 libgcc-s1 libstdc++6)

borg_peer_dir() {
	echo "${NEXUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nexus}/borg"
}

# Prints the words of a command that runs it, one a line.
borg_peer_command() {
	local root
	root=$(borg_peer_dir)/trixie
	printf '%s\n' env "PYTHONHOME=$root/usr" "PYTHONPATH=$root/usr/lib/python3/dist-packages" \
		"$root/usr/lib64/ld-linux-x86-64.so.2" --library-path \
		"$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/python3.13" -m borg
}

borg_peer_runs() {
	local command
	mapfile -t command < <(borg_peer_command)
	[[ $("${command[@]}" --version 2>/dev/null) == *' 1.4.'* ]]
}

# Fetches and unpacks it, unless it is there and runs. Prints nothing.
borg_peer_fetch() {
	local dir archive work deb
	borg_peer_runs && return 0
	dir=$(borg_peer_dir)
	archive=$(restic_peers_archive)
	[ -n "$archive" ] || return 1
	mkdir -p "$dir"
	work=$(mktemp -d "$dir/fetch.XXXXXX") || return 1
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" \
		>"$work/sources.list"
	if restic_peers_apt "$work" -qq update >&2 &&
		(cd "$work" && restic_peers_apt "$work" -qq download "${BORG_PEER_PACKAGES[@]}" >&2); then
		for deb in "$work"/*.deb; do
			dpkg-deb -x "$deb" "$work/root" || break
		done
		rm -rf "$dir/trixie"
		mv "$work/root" "$dir/trixie"
	fi
	rm -rf "$work"
	borg_peer_runs
}
