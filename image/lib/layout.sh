# shellcheck shell=bash
# Reads layout.conf, and the small things that images are put together with.

layout_file=

# layout_get PARTITION KEY
layout_get() {
	awk -F= -v section="[Partition $1]" -v key="$2" '
		/^\[/ { here = $0 == section }
		here && $1 == key { print $2; found = 1; exit }
		END { exit !found }' "$layout_file"
}

pad_to_mib() {
	local size
	size=$(stat -c %s "$1")
	truncate -s $(((size + 1048575) / 1048576 * 1048576)) "$1"
}

# A UUID that is the same for the same words: builds are alike, and two images are told apart.
uuid_of() {
	printf '%s\n' "$@" | sha256sum |
		sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'
}

# number_le VALUE BYTES: little-endian, as boot code has it.
number_le() {
	local value=$1 bytes=$2
	while [ "$bytes" -gt 0 ]; do
		# shellcheck disable=SC2059  # the format is the octal number of one byte
		printf "\\$(printf %03o $((value & 255)))"
		value=$((value >> 8))
		bytes=$((bytes - 1))
	done
}

# touch_newer TREE THAN EPOCH: what was changed after THAN gets the time EPOCH; both in seconds.
touch_newer() {
	find "$1" -newermt "@$2" -exec touch -h -d "@$3" {} +
}

sha256_of() {
	sha256sum "$1" | cut -d' ' -f1
}
