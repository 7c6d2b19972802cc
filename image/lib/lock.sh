# shellcheck shell=bash
# The lock: every package of an image and of the tools that make it, by name, version, architecture and hash; and the
# pool, the folder with their .deb files. image/lock makes both, image/build --lock builds from them and nothing else.
#
# The file has tab-separated lines, sorted: "nexus.lock/1 DISTRO FLAVOUR EPOCH" and then USE NAME VERSION ARCHITECTURE
# SHA256, where USE is tools (in the chroot of tools), base (installed) or boot (unpacked for GRUB and shim).

lock_format=nexus.lock/1

# lock_settle USE LIST PACKAGE...: what LIST's signed archives have of the packages, and of all that they need, goes into
# the pool, and a line for each to $work/lock. USE boot: only the packages themselves.
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

# Lends apt what the pool has of the names; it looks at the hash itself before it believes it.
lock_pool_lend() {
	local name
	while read -r name; do
		[ ! -e "$pool/$name" ] || cp --reflink=auto "$pool/$name" "$lock_folder/archives/"
	done <"$lock_folder/names"
}

# Puts what apt fetched into the pool, each file by one rename, and writes the lines.
lock_pool_take() {
	local use=$1 name
	while read -r name; do
		case $name in
		nexus-*) continue ;;
		esac
		cp --reflink=auto "$lock_folder/archives/$name" "$pool/.$name.new"
		mv "$pool/.$name.new" "$pool/$name"
		lock_line "$use" "$pool/$name"
	done <"$lock_folder/names" >>"$work/lock"
	sync -f "$pool"
	rm -rf "$lock_folder"
}

lock_line() {
	printf '%s\t%s\t%s\n' "$1" "$(dpkg-deb -W --showformat='${Package}\t${Version}\t${Architecture}' "$2")" "$(sha256_of "$2")"
}

# lock_apt_open NAME LIST: a state of apt's own in $lock_folder, $lock_seen as apt sees it. $lock_runner: what it runs in.
lock_apt_open() {
	lock_folder=$work/apt-$1 lock_seen=/making/apt-$1 lock_runner=(in_tools)
	if [ "$1" = tools ]; then
		lock_seen=$lock_folder lock_runner=(env LC_ALL=C)
	fi
	mkdir -p "$lock_folder"/{lists/partial,archives/partial,parts}
	: >"$lock_folder/status"
	cp "$2" "$lock_folder/sources.list"
	cp "$apt_options" "$lock_folder/apt.conf"
}

# "download" leaves what it fetches where it runs.
lock_apt() {
	"${lock_runner[@]}" env --chdir="$lock_seen/archives" apt-get -q -c "$lock_seen/apt.conf" -o Dir::State::lists="$lock_seen/lists" \
		-o Dir::State::status="$lock_seen/status" -o Dir::Cache="$lock_seen" \
		-o Dir::Cache::archives="$lock_seen/archives" -o Dir::Etc::SourceList="$lock_seen/sources.list" \
		-o Dir::Etc::SourceParts="$lock_seen/parts" -o Dir::Etc::PreferencesParts="$lock_seen/parts" \
		-o Dir::Etc::Preferences=/dev/null -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o APT::Sandbox::User=root "$@"
}

# lock_write FILE: the lock made of $work/lock; it appears whole or not at all.
lock_write() {
	{
		printf '%s\t%s\t%s\t%s\n' "$lock_format" "$distro" "$flavour" "$epoch"
		LC_ALL=C sort -u "$work/lock"
	} >"$partial/lock"
	sync "$partial/lock"
	mv "$partial/lock" "$1"
}

# lock_read FILE: checks the form of it, and that it is one for this image; sets lock_epoch. $work/lock: its lines.
lock_read() {
	local file=$1 line=0 head text
	head=$(head -n 1 "$file" | tr -d '\0')
	[[ $head =~ ^nexus\.lock/[0-9]+$'\t' ]] || ui_die "$file is no lock." "Make one: image/lock --help"
	[[ $head =~ ^"$lock_format"$'\t'([a-z0-9-]+)$'\t'([a-z]+)$'\t'([0-9]{1,11})$ ]] ||
		ui_die "$file is a lock of another version of this program: ${head%%$'\t'*}." "Make it anew: image/lock --help"
	lock_epoch=${BASH_REMATCH[3]}
	[ "${BASH_REMATCH[1]}" = "$distro" ] || ui_die "$file locks ${BASH_REMATCH[1]}, not $distro." \
		"Name that: --distro ${BASH_REMATCH[1]}"
	[ "${BASH_REMATCH[2]}" = "$flavour" ] || [ "${BASH_REMATCH[2]}" = product ] ||
		ui_die "$file locks the ${BASH_REMATCH[2]} flavour, which has less than $flavour."
	tail -n +2 "$file" >"$work/lock"
	while IFS= read -r text || [ -n "$text" ]; do
		line=$((line + 1))
		[[ $text =~ $lock_pattern ]] || ui_die "$file, line $((line + 1)): not a package: ${text:0:80}" \
			"Take it from the release again, or make it anew: image/lock --help"
	done <"$work/lock"
	[ "$line" -gt 0 ] || ui_die "$file locks no package." "Make it anew: image/lock --help"
}

lock_tab=$'\t'
lock_pattern="^(tools|base|boot)${lock_tab}[a-z0-9][a-z0-9+.-]+${lock_tab}[A-Za-z0-9.+~:-]+${lock_tab}(amd64|all)${lock_tab}[0-9a-f]{64}\$"

# lock_rows USE[|USE]: its lines.
lock_rows() {
	grep -E "^($1)$lock_tab" "$work/lock"
}

# "SHA256  FILE", as sha256sum reads it, of the files in the pool that USE has.
lock_sums() {
	lock_rows "$1" | awk -F '\t' '{ gsub(":", "%3a", $3); print $5 "  " $2 "_" $3 "_" $4 ".deb" }'
}

# lock_archive USE FOLDER SUITE: makes FOLDER an archive for apt of USE's files in the pool, after their hashes were
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
	done < <(lock_sums "$1")
	if [ ${#wrong[@]} -gt 0 ]; then
		ui_advice "The pool $pool has other bytes than the lock says: ${wrong[*]}." \
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
