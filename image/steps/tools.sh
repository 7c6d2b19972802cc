# shellcheck shell=bash
# The tools chroot: Debian trixie's image tools, kept in the cache as long as the lock has the same.

# Where the tools come from.
tools_sources() {
	local archive=$tools_archive keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -z "$lock" ] || return 0
	[ -n "$archive" ] || archive=$(sources_host_debian archive)
	[ -n "$archive" ] || ui_die "this machine's apt knows no archive of Debian to fetch the image tools from." \
		"Name one: image/build --tools-sources URL"
	[ -e "$keyring" ] || ui_die "$keyring is missing." "apt-get install debian-archive-keyring"
	sources_lines "$keyring" "$archive" "$tools_suite" "" "" main >"$work/tools.list"
}

# The archive's state now; fails if it can't be reached.
tools_releases() {
	sources_fetch_releases "$work/tools-releases" <"$work/tools.list" >"$logs/tools-releases.log" 2>&1
}

# Settles the tools' name in the cache.
tools_resolve() {
	lock_rows tools >"$work/tools.lock"
	tools_entry=tools-$(cache_key "$format" "${tools_packages[@]}" -- "$work/tools.lock")
	cache_use "$tools_entry"
}

step_tools() {
	cache_lock "$tools_entry"
	if [ -d "$cache/$tools_entry" ]; then
		ui_advice "from the cache"
		return
	fi
	local list made=$work/tools
	lock_archive tools "$work/locked-tools" "$tools_suite"
	ui_advice "Check this machine's disk space and read the log."
	list=$(IFS=,; printf '%s' "${tools_packages[*]}")
	# A half-made entry is never used, so dpkg need not sync each file; cache_commit syncs once.
	mmdebstrap --mode=root --variant=apt --format=directory --include="$list" --aptopt="$apt_options" \
		--aptopt='APT::Sandbox::User "root"' --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$tools_suite" "$made" - <<<"deb [trusted=yes] copy:$work/locked-tools ./"
	rm -rf "$work/locked-tools"
	mkdir "$made"/{making,cache,image,overlays,sources,out}
	cache_commit "$made" "$tools_entry"
	cache_prune tools "$tools_entry"
	rm -f "$work/advice"
}
