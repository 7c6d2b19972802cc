# shellcheck shell=bash
# The tools chroot: Debian trixie's image tools, kept in the cache until their archive changes.

# Settles the tools' name in the cache; needs the archive's InRelease, or an older tools chroot when that can't be had.
tools_resolve() {
	local archive=$tools_archive lines key
	if [ -n "$lock" ]; then
		tools_resolve_locked
		return
	fi
	[ -n "$archive" ] || archive=$(sources_host_debian archive)
	[ -n "$archive" ] || ui_die "this machine's apt knows no archive of Debian to fetch the image tools from." \
		"Name one: image/build --tools-sources URL"
	tools_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e "$tools_keyring" ] || ui_die "$tools_keyring is missing." "apt-get install debian-archive-keyring"
	lines=$(sources_lines "$tools_keyring" "$archive" "$tools_suite" "" "" main)
	printf '%s\n' "$lines" >"$work/tools.list"
	key=$(cache_key "${tools_packages[@]}" -- "$work/tools.list")
	if sources_fetch_releases "$work/tools-releases" <"$work/tools.list" >"$logs/tools-releases.log" 2>&1; then
		tools_entry=tools-$key-$(cache_key -- "$work"/tools-releases/*)
	else
		tools_entry=$(cache_newest "tools-$key")
		[ -n "$tools_entry" ] || ui_die "the archive that the image tools come from can't be reached." \
			"$(tail -n 1 "$logs/tools-releases.log")" \
			"Check this machine's network and proxy: apt-get update" \
			"or name an archive that can be reached: image/build --tools-sources URL"
		ui_say "The tools' archive can't be reached: using the image tools of an earlier build."
	fi
	cache_use "$tools_entry"
}

tools_resolve_locked() {
	printf 'deb [trusted=yes] copy:%s ./\n' "$work/locked-tools" >"$work/tools.list"
	lock_rows tools >"$work/tools.lock"
	tools_entry=tools-$(cache_key "${tools_packages[@]}" -- "$work/tools.lock")
	cache_use "$tools_entry"
}

step_tools_locked() {
	[ -d "$cache/$tools_entry" ] || lock_archive tools "$work/locked-tools" "$tools_suite"
}

step_tools() {
	cache_lock "$tools_entry"
	if [ -d "$cache/$tools_entry" ]; then
		ui_advice "from the cache"
		return
	fi
	ui_advice "Check this machine's network and disk space, then try again; what was fetched is kept."
	local list made=$work/tools
	list=$(IFS=,; printf '%s' "${tools_packages[*]}")
	# A half-made entry is never used, so dpkg need not sync each file; cache_commit syncs once.
	mmdebstrap --mode=root --variant=apt --format=directory --include="$list" --aptopt="$apt_options" \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$tools_suite" "$made" - <"$work/tools.list"
	mkdir "$made"/{making,debs,cache,image,overlays,sources,out}
	cache_commit "$made" "$tools_entry"
	cache_prune tools "$tools_entry"
	rm -f "$work/advice"
}
