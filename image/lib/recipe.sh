# shellcheck shell=bash
# What is built, of what, from where: the options that image/build and image/lock share, and what they ask of this machine.

distro_names() {
	local names=("$here"/distro/*.conf)
	names=("${names[@]##*/}")
	printf '%s' "${names[*]%.conf}"
}

bad_usage() {
	ui_exit_code=2 ui_die "$@" "$program --help lists the options."
}

check_options() {
	[ -f "$here/distro/$distro.conf" ] || bad_usage "unknown distribution: $distro" "There are: $(distro_names)"
	[ -f "$here/flavour/$flavour.conf" ] || bad_usage "unknown flavour: $flavour" "There are: product test"
	# shellcheck source=image/distro/ubuntu-noble.conf
	. "$here/distro/$distro.conf"
	# shellcheck source=image/flavour/product.conf
	. "$here/flavour/$flavour.conf"
	[ -n "$version" ] || version=$(project_version)
	[[ $version =~ ^[0-9][0-9A-Za-z.+~-]{0,31}$ ]] || bad_usage "not a version: $version" "Such as: 0.1.0"
	[ -z "$keyring_file" ] || [ -r "$keyring_file" ] || bad_usage "no such file: $keyring_file"
	[ -z "$security_uri" ] || [ -n "$archive_uri" ] || bad_usage "--security goes with --sources."
	check_packages
	check_sources
}

# The project's version as meson.build states it.
project_version() {
	sed -n "s/^[[:space:]]*version[[:space:]]*:[[:space:]]*'\([^']*\)'.*/\1/p" "$source_dir/meson.build" 2>/dev/null |
		head -n 1 | grep . || printf '0.0.0'
}

check_packages() {
	local name missing=() found
	if [ "$no_nexus" = yes ]; then
		[ -z "$packages" ] || bad_usage "--packages and --no-nexus contradict each other."
		return
	fi
	[ -n "$packages" ] || bad_usage "Nexus's own packages are missing." \
		"Name the folder of their .deb files: --packages DIR" "or build a bare system: --no-nexus"
	[ -d "$packages" ] || bad_usage "no such folder: $packages"
	packages=$(readlink -f "$packages")
	for name in nexus-agent nexus-backup nexus-install; do
		found=("$packages/${name}_"*.deb)
		[ ${#found[@]} -gt 0 ] || missing+=("$name")
		[ ${#found[@]} -le 1 ] || bad_usage "more than one $name in $packages: ${found[*]##*/}"
	done
	[ ${#missing[@]} -eq 0 ] || bad_usage "no .deb of ${missing[*]} in $packages." \
		"Build them first, or build a bare system: --no-nexus"
}

check_lock() {
	[ -n "$lock" ] || return 0
	if [ ! -f "$lock" ] || [ ! -r "$lock" ]; then
		bad_usage "no such file: $lock"
	fi
	[ -z "$archive_uri$tools_archive" ] || bad_usage "--lock says where packages come from: not with --sources or --tools-sources."
	lock=$(readlink -f "$lock")
}

# One certificate or more, and nothing that must stay secret.
check_ca() {
	if [ -z "$ca" ]; then
		report_left_out+=${report_left_out:+$'\n'}"updates: without --ca the box takes nobody's"
		return
	fi
	if [ ! -f "$ca" ] || [ ! -r "$ca" ]; then
		bad_usage "no such file: $ca"
	fi
	ca=$(readlink -f "$ca")
	! grep -q 'PRIVATE KEY' "$ca" || bad_usage "$ca has a private key in it, which belongs in no image." "Name ca.cert.pem."
	grep -q '^-----BEGIN CERTIFICATE-----' "$ca" || bad_usage "$ca is no certificate." "Make one: image/keys --help"
}

# Settles where the distribution's packages come from: --sources, or its own archive.
check_sources() {
	sources_dir='' base_keyring=$distro_keyring base_archive=$distro_archive base_security=$distro_security
	report_left_out=''
	if [ -n "$archive_uri" ]; then
		base_archive=${archive_uri%/} base_security=${security_uri%/}
		if [ -n "$distro_security" ] && [ -z "$security_uri" ]; then
			report_left_out="security updates: --sources without --security"
		fi
	else
		[ "$base_archive" != host ] || base_archive=$(sources_host_debian archive)
		[ "$base_security" != host ] || base_security=$(sources_host_debian security)
		[ -n "$base_archive" ] || ui_die "this machine's apt knows no archive of $distro_title." \
			"Name one: image/build --distro $distro --sources URL"
	fi
	report_archive=$base_archive
	case $base_archive in
	file:*)
		sources_dir=${base_archive#file:}
		sources_dir=/${sources_dir##+(/)}
		[ -d "$sources_dir/dists" ] || bad_usage "no archive in $sources_dir: it has no folder dists."
		sources_dir=$(readlink -f "$sources_dir")
		base_archive=copy:/sources
		;;
	http://* | https://*) ;;
	*) bad_usage "not an archive: $base_archive" "Such as: https://host/folder or file:/folder" ;;
	esac
	[ "$flavour_firmware" = yes ] || report_left_out+=${report_left_out:+$'\n'}"firmware: the $flavour flavour has none"
}

# check_host [COMMAND...]: also these must be here.
check_host() {
	local command missing=()
	[ "$(id -u)" -eq 0 ] || ui_die "this must run as root: it makes chroots." "sudo image/build ..."
	[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || ui_die "this must run on a 64-bit PC with Debian or Ubuntu."
	for command in mmdebstrap apt-ftparchive flock unshare sha256sum awk truncate "$@"; do
		command -v "$command" >/dev/null || missing+=("$command")
	done
	[ ${#missing[@]} -eq 0 ] || ui_die "missing here: ${missing[*]}" "apt-get install mmdebstrap util-linux coreutils gawk apt-utils"
	cache=${NEXUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nexus}
	mkdir -p "$cache" 2>/dev/null || ui_die "can't make the cache folder $cache." "Name another one: NEXUS_CACHE=FOLDER"
	cache=$(readlink -f "$cache")
	mkdir -p "$out" 2>/dev/null || ui_die "can't make the folder $out."
	out=$(readlink -f "$out")
}

# The time that the image carries: that of the source's last change, not of this build.
source_epoch() {
	printf '%s\n' "${SOURCE_DATE_EPOCH:-$(git -c safe.directory='*' -C "$source_dir" log -1 --format=%ct 2>/dev/null ||
		stat -c %Y "$here/build")}"
}

# recipe_option OPTION VALUE: sets one that build and lock share; fails if it is none of those.
recipe_option() {
	case $1 in
	--distro) distro=$2 ;;
	--flavour) flavour=$2 ;;
	--packages) packages=$2 ;;
	--sources) archive_uri=$2 ;;
	--security) security_uri=$2 ;;
	--keyring) keyring_file=$2 ;;
	--tools-sources) tools_archive=$2 ;;
	--pool) pool=$2 ;;
	*) return 1 ;;
	esac
}

recipe_usage() {
	cat <<-END
	  --distro NAME        $(distro_names) (default: ubuntu-noble)
	  --flavour NAME       product: all drivers and firmware (default); test: small and quick, for virtual machines
	  --packages DIR       the .deb files of nexus-agent, nexus-backup and nexus-install
	  --no-nexus           a bare system without Nexus's own packages
	  --sources URL        the distribution's archive; file:/FOLDER for a local one
	  --security URL       its security archive, where that is another one (Debian)
	  --keyring FILE       the keys that sign --sources
	  --tools-sources URL  the archive of Debian that the image tools come from
	  --pool DIR           where the locked .deb files are kept (default: pool/ in the cache)
	  --keep               keep the work folder, and say where it is
	  --verbose            show what each step prints
	  --help               this text
	END
}

# Those of build and verify; image/lock has its own in place of it.
own_option() {
	case $1 in
	--out) out=$2 ;;
	--version) version=$2 ;;
	--lock) lock=$2 ;;
	--ca) ca=$2 ;;
	*) return 1 ;;
	esac
}

# recipe_parse OPTION...: all shared options, and those that own_option takes.
recipe_parse() {
	distro=ubuntu-noble flavour=product packages='' no_nexus=no keep=no verbose=no pool=''
	archive_uri='' security_uri='' keyring_file='' tools_archive=''
	while [ $# -gt 0 ]; do
		case $1 in
		--help | -h) usage && exit 0 ;;
		--no-nexus) no_nexus=yes ;;
		--keep) keep=yes ;;
		--verbose) verbose=yes ;;
		--*=*)
			set -- "${1%%=*}" "${1#*=}" "${@:2}"
			continue
			;;
		*)
			recipe_option "$1" "${2:-}" || own_option "$1" "${2:-}" || bad_usage "unknown option: $1"
			[ -n "${2:-}" ] || bad_usage "$1 wants a value."
			shift
			;;
		esac
		shift
	done
}

# A mount namespace of our own: no mount is left behind, however this ends.
recipe_namespace() {
	if [ "${NEXUS_IMAGE_NAMESPACE:-}" != "$$" ]; then
		NEXUS_IMAGE_NAMESPACE=$$ exec unshare --mount -- "$BASH" "$source_dir/$program" "$@"
	fi
}

# Opens the work folder; what is in $partial when the program ends is removed.
recipe_open() {
	trap recipe_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	cache_open
	apt_options=$work/apt.conf
	sources_apt_options >"$apt_options"
	pool=${pool:-$cache/pool}
	mkdir -p "$pool" 2>/dev/null || ui_die "can't make the folder $pool."
	pool=$(readlink -f "$pool")
	if [ -n "$keyring_file" ]; then
		cp "$keyring_file" "$work/keyring.gpg"
		base_keyring=/making/keyring.gpg
	fi
	partial=$(mktemp -d "$out/.nexus-image.XXXXXX") || ui_die "can't write to $out." "Is its disk full?"
}

# The packages and the tools; after it, programs run in the tools chroot and $work/packages.lock is whole.
recipe_packages() {
	local settle=no
	base_sources
	tools_sources
	lock_open
	if [ ! -e "$work/packages.lock" ]; then
		settle=yes
		ui_step_total=$((ui_step_total + 2))
		ui_step "What the archive has: image tools" step_lock_tools
	fi
	tools_resolve
	ui_step "Image tools ($tools_suite)" step_tools
	chroot_open
	if [ "$settle" = yes ]; then
		ui_step "What the archive has: $distro_title" step_lock_base
		lock_read "$cache/$lock_entry/lock"
	fi
}

recipe_close() {
	local code=$?
	trap - EXIT INT TERM HUP
	ui_stop_step
	[ -z "${tools:-}" ] || umount --recursive --lazy "$tools" 2>/dev/null || true
	rm -rf "${partial:-}"
	if [ -n "${work:-}" ]; then
		if [ "$keep" = yes ]; then
			ui_say "Work folder: $work ($program removes it at the next build)"
		else
			rm -rf --one-file-system "$work"
		fi
	fi
	exit "$code"
}
