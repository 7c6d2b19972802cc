# shellcheck shell=bash
# Where packages come from: the distribution file's archive, or the one that the host's apt uses, or --sources.

# The host's own archive of Debian, from apt's configuration; prints nothing if there is none.
sources_host_debian() {
	local kind=$1
	apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 2>/dev/null | sort -u | while read -r uri component; do
		[ "$component" = main ] || continue
		case $kind:${uri%/} in
		archive:*/debian | security:*/debian-security)
			printf '%s\n' "${uri%/}"
			break
			;;
		esac
	done
}

# The host's settings for reaching an archive (proxies, clock checks), as an apt configuration file.
sources_apt_options() {
	apt-config dump 2>/dev/null |
		grep -E '^Acquire::(http|https|ftp|Check-Valid-Until|Check-Date|Max-FutureTime|Retries|ForceIPv)' |
		grep -v ' "";$' || true
	printf '%s\n' 'APT::Install-Recommends "false";' 'Acquire::Languages "none";' 'Acquire::Retries "2";' \
		'Acquire::http::Timeout "30";' 'Acquire::https::Timeout "30";'
}

# Prints one "deb" line per archive. Arguments: keyring, archive, suites, security archive, security suites, components.
sources_lines() {
	local keyring=$1 archive=$2 suites=$3 security=$4 security_suites=$5 components=$6 suite
	for suite in $suites; do
		printf 'deb [signed-by=%s] %s %s %s\n' "$keyring" "$archive" "$suite" "$components"
	done
	[ -n "$security" ] || return 0
	for suite in $security_suites; do
		printf 'deb [signed-by=%s] %s %s %s\n' "$keyring" "$security" "$suite" "$components"
	done
}

# Fetches each suite's InRelease into FOLDER; their hash tells whether anything in the archive changed.
# Returns 1 if one can't be had.
sources_fetch_releases() {
	local folder=$1 line uri suite number=0
	mkdir -p "$folder"
	while read -r line; do
		[ -n "$line" ] || continue
		uri=$(sed -E 's/^deb (\[[^]]*\] )?([^ ]+) .*/\2/' <<<"$line")
		suite=$(sed -E 's/^deb (\[[^]]*\] )?[^ ]+ ([^ ]+) .*/\2/' <<<"$line")
		number=$((number + 1))
		sources_fetch "$uri/dists/$suite/InRelease" "$folder/$number-$suite" || return 1
	done
}

sources_fetch() {
	local uri=$1 file=$2
	case $uri in
	file:* | copy:*)
		cp "${uri#*:}" "$file"
		;;
	*)
		/usr/lib/apt/apt-helper -c "$apt_options" -o Acquire::Retries=1 -o Acquire::http::Timeout=15 \
			-o Acquire::https::Timeout=15 download-file "$uri" "$file"
		;;
	esac
}

# The newest "Date:" of the releases in FOLDER, in seconds: the clock of everything made from that archive alone.
sources_epoch() {
	local newest=0 date seconds
	while IFS= read -r date; do
		seconds=$(date -u -d "$date" +%s)
		[ "$seconds" -le "$newest" ] || newest=$seconds
	done < <(sed -n 's/^Date: //p' "$1"/*)
	printf '%s\n' "$newest"
}
