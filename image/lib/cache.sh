# shellcheck shell=bash
# The cache: what a later build can use again, each entry a folder named by the hash of all that went into it.
# An entry appears by one rename, so a killed build leaves no half entry; it is in use while its lock is held.

cache_open() {
	mkdir -p "$cache" 2>/dev/null || ui_die "can't make the cache folder $cache." \
		"Name another one: NEXUS_CACHE=FOLDER image/build ..."
	cache_sweep
	work=$(mktemp -d "$cache/work.XXXXXX") || ui_die "can't write to the cache folder $cache." \
		"Is its disk full? Name another one: NEXUS_CACHE=FOLDER image/build ..."
	exec {work_lock}>"$work/lock"
	flock "$work_lock"
	logs=$work/logs
	mkdir "$logs" "$work/mnt"
}

# Folders of builds that were killed: their lock is free.
cache_sweep() {
	local folder
	for folder in "$cache"/work.*; do
		[ -d "$folder" ] || continue
		if [ ! -e "$folder/lock" ] || flock --nonblock "$folder/lock" true; then
			rm -rf --one-file-system "$folder"
		fi
	done
}

# Hash of the arguments and of the files named after "--": the key of an entry.
cache_key() {
	local words=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	{
		printf '%s\n' "${words[@]}"
		[ $# -eq 0 ] || cat "$@"
	} | sha256sum | cut -c1-16
}

# cache_use NAME: this build needs the entry until it ends; nothing removes it meanwhile.
cache_use() {
	local held
	exec {held}>"$cache/$1.used"
	flock --shared "$held"
}

# One builder of an entry at a time; a second build waits and then finds it made. Held until the step ends.
cache_lock() {
	local held
	exec {held}>"$cache/$1.lock"
	flock "$held"
}

cache_commit() {
	local made=$1 name=$2
	sync -f "$made"
	mv -T "$made" "$cache/$name"
}

# The newest entry whose name begins so; prints nothing if there is none.
cache_newest() {
	local entry newest=
	for entry in "$cache/$1"-*/; do
		[ -d "$entry" ] || continue
		if [ -z "$newest" ] || [ "$entry" -nt "$newest" ]; then
			newest=$entry
		fi
	done
	[ -z "$newest" ] || basename "$newest"
}

# Removes the other entries of a kind, unless another build uses them.
cache_prune() {
	local kind=$1 keep=$2 entry
	for entry in "$cache/$kind"-*/; do
		entry=${entry%/}
		if [ ! -d "$entry" ] || [ "$entry" = "$cache/$keep" ]; then continue; fi
		if flock --nonblock "$entry.used" rm -rf --one-file-system "$entry"; then
			rm -f "$entry.used" "$entry.lock"
		fi
	done
}
