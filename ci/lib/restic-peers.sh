# shellcheck shell=bash
# Sourced. Fetches the restic releases that tests compare against: 0.14.0 is Debian 12's own,
# 0.19.1 stands in Debian sid. The sid package is unpacked into a folder of its own and nothing
# of it is installed; the archive's address comes from apt's configuration, its signature is
# checked by apt.

# Prints the folder that keeps the peers.
restic_peers_dir() {
	echo "${NEXUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nexus}/restic"
}

# Prints the address of the Debian archive that apt is set up with (not the security one).
restic_peers_archive() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -e security | \
		grep -e '/debian/*$' | head -n 1
}

# An apt of its own (lists, cache, sources) below $1, so that the host's stays as it is.
restic_peers_apt() {
	local root=$1
	shift
	apt-get -o Dir::State="$root/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$root/cache" -o Dir::Etc::sourcelist="$root/sources.list" \
		-o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root \
		-o Acquire::Languages=none "$@"
}

# Fetches package $1 of the suite sid and unpacks it into folder $2 of the cache, unless
# usr/bin/$1 is there. Prints nothing.
restic_peers_unpack() {
	local package=$1 folder=$2 dir archive work deb
	dir=$(restic_peers_dir)
	[ -x "$dir/$folder/usr/bin/$package" ] && return 0
	archive=$(restic_peers_archive)
	[ -n "$archive" ] || return 1
	mkdir -p "$dir"
	work=$(mktemp -d "$dir/fetch.XXXXXX") || return 1
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive sid main" \
		>"$work/sources.list"
	if restic_peers_apt "$work" -qq update >&2 &&
		(cd "$work" && restic_peers_apt "$work" -qq download "$package" >&2); then
		deb=$(find "$work" -maxdepth 1 -name "${package}_*.deb" | head -n 1)
		[ -n "$deb" ] && dpkg-deb -x "$deb" "$work/root" && rm -rf "${dir:?}/$folder" &&
			mv "$work/root" "$dir/$folder"
	fi
	rm -rf "$work"
	[ -x "$dir/$folder/usr/bin/$package" ]
}

# restic of the suite sid.
restic_peers_fetch() {
	restic_peers_unpack restic sid
}

# Prints the path of restic's REST server, fetched if need be; fails if there is none.
restic_peers_server() {
	restic_peers_unpack restic-rest-server server &&
		echo "$(restic_peers_dir)/server/usr/bin/restic-rest-server"
}

# Prints the path of the newer restic; fails if there is none.
restic_peers_new() {
	local binary
	binary=$(restic_peers_dir)/sid/usr/bin/restic
	[ -x "$binary" ] && echo "$binary"
}

# Prints the path of Debian 12's restic (0.14); fails if the host has another or none.
restic_peers_old() {
	[ -x /usr/bin/restic ] || return 1
	case $(/usr/bin/restic version) in
	'restic 0.14.'*) echo /usr/bin/restic ;;
	*) return 1 ;;
	esac
}
