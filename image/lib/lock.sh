# shellcheck shell=bash
# The lock: every package of an image and of the tools that make it, by name, version, architecture and hash; and the
# pool, the folder with their .deb files. All builds are made of a lock: the one that --lock names, or one of what the
# archives have now, which the cache keeps as long as they have the same.
#
# The file has tab-separated lines, sorted: "nexus.lock/1 DISTRO FLAVOUR EPOCH" and then USE NAME VERSION ARCHITECTURE
# SHA256, where USE is tools (in the tools chroot), base (in the root), own (what Nexus's packages need besides) or boot
# (unpacked for GRUB and shim). EPOCH: the archive's date.

lock_format=nexus.lock/1
lock_tab=$'\t'
lock_pattern="^(tools|base|own|boot)${lock_tab}[a-z0-9][a-z0-9+.-]+${lock_tab}[A-Za-z0-9.+~:-]+${lock_tab}(amd64|all)${lock_tab}[0-9a-f]{64}\$"

# lock_open: after it $work/packages.lock has the lines and lock_epoch the time, or, when they are still to be settled, neither.
lock_open() {
	lock_epoch=''
	if [ -n "$lock" ]; then
		lock_read "$lock"
	else
		lock_find
		[ ! -e "$cache/$lock_entry/lock" ] || lock_read "$cache/$lock_entry/lock"
	fi
}

# Looks for the lock of what the archives have now; lock_entry is its name in the cache. One that was made with Nexus's
# packages does for a build without.
lock_find() {
	local key other
	key=lock-$distro-$flavour-$(cache_key "$lock_format" "${base_packages[@]}" "${distro_boot_packages[@]}" \
		"${tools_packages[@]}" -- "$work/base.list" "$work/tools.list")
	[ -z "$packages" ] || key+=-$(cache_key "$(lock_own_depends)")
	if base_releases && tools_releases; then
		lock_entry=$key-bare-$(cache_key -- "$work"/base-releases/* "$work"/tools-releases/*)
		[ -z "$packages" ] || lock_entry=${lock_entry/-bare-/-}
		for other in "$cache/$key"-*-"${lock_entry##*-}"; do
			[ -n "$packages" ] || lock_entry=${other##*/}
		done
	else
		lock_entry=$(cache_newest "$key")
		[ -n "$lock_entry" ] || lock_unreachable
		ui_say "The archive of $distro_title can't be reached: using its packages as an earlier build fetched them."
	fi
	cache_use "$lock_entry"
}

lock_own_depends() {
	local file
	[ -n "$packages" ] || return 0
	for file in "$packages"/nexus-*.deb; do
		dpkg-deb -f "$file" Package Depends
	done
}

lock_unreachable() {
	local other="Debian instead: image/build --distro debian-trixie"
	[ "$distro" != debian-trixie ] || other="Check this machine's network and proxy: apt-get update"
	ui_die "can't build $distro_title: its archive can't be reached." \
		"Would build: $distro_title, $flavour flavour, kernel $distro_kernel," \
		"from $base_archive ($distro_suites; $distro_components)." \
		"Reason: $(cat "$logs"/*-releases.log | tail -n 1 | cut -c1-200)" \
		"An archive that can be reached: image/build --distro $distro --sources URL [--keyring FILE]" \
		"Packages that were fetched elsewhere: image/build --lock FILE --pool DIR" \
		"$other"
}

# lock_read FILE: checks the form of it, and that it is one for this image.
lock_read() {
	local file=$1 line=1 head text
	head=$(head -n 1 "$file" | tr -d '\0')
	[[ $head =~ ^nexus\.lock/[0-9]+$lock_tab ]] || ui_die "$file is no lock." "Make one: image/lock --help"
	[[ $head =~ ^"$lock_format"$lock_tab([a-z0-9-]+)$lock_tab([a-z]+)$lock_tab([0-9]{1,11})$ ]] ||
		ui_die "$file is a lock of another version of this program: ${head%%"$lock_tab"*}." "Make it anew: image/lock --help"
	lock_epoch=${BASH_REMATCH[3]}
	[ "${BASH_REMATCH[1]}" = "$distro" ] || ui_die "$file locks ${BASH_REMATCH[1]}, not $distro." \
		"Name that: --distro ${BASH_REMATCH[1]}"
	[ "${BASH_REMATCH[2]}" = "$flavour" ] || ui_die "$file locks the flavour ${BASH_REMATCH[2]}, not $flavour." \
		"Name that: --flavour ${BASH_REMATCH[2]}"
	tail -n +2 "$file" >"$work/packages.lock"
	[ -s "$work/packages.lock" ] || ui_die "$file locks no package." "Make it anew: image/lock --help"
	while IFS= read -r text || [ -n "$text" ]; do
		line=$((line + 1))
		[[ $text =~ $lock_pattern ]] || ui_die "$file, line $line: not a package: ${text:0:80}" \
			"Take it from the release again, or make it anew: image/lock --help"
	done <"$work/packages.lock"
}

# The tools' packages as their archive has them now.
step_lock_tools() {
	ui_advice "Check this machine's network and disk space, then try again; what was fetched is kept."
	lock_settle tools "$work/tools.list" "${tools_packages[@]}"
	rm -f "$work/advice"
}

# All others; then the lock is whole, and goes into the cache. Another build may have settled the same meanwhile.
step_lock_base() {
	cache_lock "$lock_entry"
	if [ -d "$cache/$lock_entry" ]; then
		ui_advice "from the cache"
		return
	fi
	local list=$work/base-and-own.list own=() made=$work/made-lock
	ui_advice "Check the network, the disk space and the names of the packages in the log, then try again."
	lock_settle base "$work/base.list" "${base_packages[@]}"
	lock_settle boot "$work/base.list" "${distro_boot_packages[@]}"
	if [ -n "$packages" ]; then
		root_pool
		mapfile -t own < <(root_pool_names)
		cp "$work/base.list" "$list"
		printf 'deb [trusted=yes] copy:/making/pool ./\n' >>"$list"
		lock_settle own "$list" "${base_packages[@]}" "${own[@]}"
	fi
	mkdir "$made"
	{
		printf '%s\t%s\t%s\t%s\n' "$lock_format" "$distro" "$flavour" "$(sources_epoch "$work/base-releases")"
		LC_ALL=C sort -u "$work/packages.lock"
	} >"$made/lock"
	cache_commit "$made" "$lock_entry"
	cache_prune "lock-$distro-$flavour" "$lock_entry"
	rm -f "$work/advice"
}

# lock_settle USE LIST PACKAGE...: what LIST's signed archives have of the packages, and of all that they need, goes into
# the pool, and a line for each to $work/packages.lock. USE boot: only the packages themselves.
lock_settle() {
	local use=$1 list=$2 command=(-y --download-only install '?essential' apt)
	shift 2
	[ "$use" != boot ] || command=(download)
	lock_apt_open "$use" "$list"
	lock_apt update
	# apt names what is not there yet, so the names are asked for first.
	lock_apt --print-uris "${command[@]}" "$@" | awk '/^\047/ { print $2 }' >"$lock_folder/names"
	lock_pool_lend
	lock_apt "${command[@]}" "$@"
	lock_pool_take "$use"
}

# lock_apt_open USE LIST: a state of apt's own in $lock_folder, $lock_seen as apt sees it. The tools' packages are settled by
# the host's apt, all others by that of the tools chroot.
lock_apt_open() {
	lock_folder=$work/apt-$1 lock_seen=/making/apt-$1 lock_runner=(in_tools)
	if [ "$1" = tools ]; then
		lock_seen=$lock_folder lock_runner=()
	fi
	mkdir -p "$lock_folder"/{lists/partial,archives/partial,parts}
	: >"$lock_folder/status"
	cp "$2" "$lock_folder/sources.list"
	cp "$apt_options" "$lock_folder/apt.conf"
}

# "download" leaves what it fetches where it runs.
lock_apt() {
	"${lock_runner[@]}" env --chdir="$lock_seen/archives" apt-get -q -c "$lock_seen/apt.conf" \
		-o Dir::State::lists="$lock_seen/lists" -o Dir::State::status="$lock_seen/status" -o Dir::Cache="$lock_seen" \
		-o Dir::Cache::archives="$lock_seen/archives" -o Dir::Etc::SourceList="$lock_seen/sources.list" \
		-o Dir::Etc::SourceParts="$lock_seen/parts" -o Dir::Etc::PreferencesParts="$lock_seen/parts" \
		-o Dir::Etc::Preferences=/dev/null -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o APT::Sandbox::User=root "$@"
}

# Lends apt what the pool has of the names; it looks at the hash itself before it believes it.
lock_pool_lend() {
	local name
	while read -r name; do
		[ ! -e "$pool/$name" ] || cp --reflink=auto "$pool/$name" "$lock_folder/archives/"
	done <"$lock_folder/names"
}

# Puts what apt fetched into the pool, each file by one rename, and writes the lines: "own" is what "base" has not.
lock_pool_take() {
	local use=$1 name
	while read -r name; do
		case $name in
		nexus-*) continue ;;
		esac
		cp --reflink=auto "$lock_folder/archives/$name" "$pool/.$name.$$"
		mv "$pool/.$name.$$" "$pool/$name"
		lock_line "$use" "$pool/$name"
	done <"$lock_folder/names" >"$lock_folder/lines"
	sync -f "$pool"
	[ "$use" != own ] || sed -n 's/^base\t/own\t/p' "$work/packages.lock" >"$lock_folder/known"
	[ -e "$lock_folder/known" ] || : >"$lock_folder/known"
	{ grep -vxF -f "$lock_folder/known" "$lock_folder/lines" || true; } >>"$work/packages.lock"
	rm -rf "$lock_folder"
}

lock_line() {
	printf '%s\t%s\t%s\n' "$1" "$(dpkg-deb -W --showformat='${Package}\t${Version}\t${Architecture}' "$2")" "$(sha256_of "$2")"
}

# lock_rows USE[|USE]: its lines.
lock_rows() {
	{ grep -E "^($1)$lock_tab" "$work/packages.lock" || true; } | LC_ALL=C sort -u
}

# lock_archive USE[|USE] FOLDER SUITE: makes FOLDER an archive for apt of these files of the pool, after their hashes were
# checked. The suite's name is what mmdebstrap looks for essential packages by.
lock_archive() {
	local sum file wrong=() missing=()
	mkdir -p "$2"
	while read -r sum file; do
		if [ ! -e "$pool/$file" ]; then
			missing+=("$file")
		elif cp --reflink=auto "$pool/$file" "$2/$file" && [ "$(sha256_of "$2/$file")" != "$sum" ]; then
			wrong+=("$file")
		fi
	done < <(lock_rows "$1" | awk -F '\t' '{ gsub(":", "%3a", $3); print $5, $2 "_" $3 "_" $4 ".deb" }')
	if [ ${#wrong[@]} -gt 0 ]; then
		ui_advice "The pool $pool has other bytes than the lock says: ${wrong[*]:0:5}." \
			"Remove these files, then fetch them again: image/lock, or copy them from the release's pool."
		return 1
	fi
	if [ ${#missing[@]} -gt 0 ]; then
		ui_advice "${#missing[@]} packages of the lock are not in the pool $pool: ${missing[*]:0:5}." \
			"Copy them from the release's pool, or name that one: --pool DIR"
		return 1
	fi
	(cd "$2" && apt-ftparchive packages . >Packages &&
		apt-ftparchive -o APT::FTPArchive::Release::Suite="$3" -o APT::FTPArchive::Release::Codename="$3" \
			-o APT::FTPArchive::Release::Architectures=amd64 release . >../Release && mv ../Release .)
}
