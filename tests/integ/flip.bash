# shellcheck shell=bash
# Damages files for tests. Sourced.

# flip FILE OFFSET: makes one byte another one, whatever it is: bytes that are encrypted or
# random are any fixed one now and then.
flip() {
	local byte
	chmod u+w "$1"
	byte=$(xxd -p -s "$2" -l 1 "$1")
	[ -n "$byte" ] || return 1
	printf %02x $((0x$byte ^ 0x55)) | xxd -r -p |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
