# shellcheck shell=bash
# Sourced by the tests of backups. Makes trees to back up and compares trees.

# A tree with everything that a file system can hold. $1: folder to make. Devices and access
# lists are left out where we may not make them.
backup_tree_torture() {
	local dir=$1 i
	mkdir -p "$dir/deep" "$dir/many" "$dir/times" "$dir/empty"
	echo hello >"$dir/plain"
	: >"$dir/nothing"
	head -c 3000000 /dev/urandom >"$dir/random"
	head -c 12582912 /dev/zero >"$dir/zeros"
	truncate -s 30M "$dir/sparse"
	printf 'in the middle' | dd of="$dir/sparse" bs=1 seek=15000000 conv=notrunc status=none
	yes 'the same line again and again' | head -c 9000000 >"$dir/text"
	ln "$dir/plain" "$dir/hard1"
	ln "$dir/plain" "$dir/deep/hard2"
	ln "$dir/random" "$dir/many/hard3"
	ln -s plain "$dir/link"
	ln -s /nowhere/at/all "$dir/dangling"
	ln -s "$(printf 'bad\377target')" "$dir/link-bad"
	mkfifo "$dir/fifo"
	mkdir -p "$dir"/{setgid,sticky,closed}
	chmod 2775 "$dir/setgid"
	chmod 1777 "$dir/sticky"
	echo s >"$dir/setuid"
	chmod 4755 "$dir/setuid"
	chmod 000 "$dir/closed"
	echo x >"$dir/many/no-mode"
	chmod 000 "$dir/many/no-mode"
	: >"$dir/$(printf 'new\nline')"
	: >"$dir/$(printf 'tab\tand\001\177\b\f\v')"
	: >"$dir/$(printf 'invalid\377\300utf8')"
	: >"$dir/$(printf 'cut\342\202')"
	: >"$dir/quote\"back\\slash'<>&"
	: >"$dir/\\n\\x41"
	: >"$dir/ünïcödé €𝄞"
	: >"$dir/$(printf 'sep\342\200\250\342\200\251nbsp\302\240end')"
	: >"$dir/$(printf '\357\277\275replacement')"
	: >"$dir/ leading and trailing "
	: >"$dir/-r"
	: >"$dir/$(printf 'n%.0s' {1..255})"
	# Every byte that a name can have: each alone but '.', and all in one.
	python3 - "$dir/bytes" <<-'END' || return 1
		import os, sys
		top = os.fsencode(sys.argv[1]) + b"/"
		os.mkdir(top)
		names = [bytes([byte]) for byte in range(1, 256) if byte not in b"./"]
		for name in names + [b"".join(names), b"..." + bytes(reversed(b"".join(names)))[:250]]:
		    with open(top + name, "wb") as file:
		        file.write(name)
	END
	python3 -c 'import socket, os, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("socket")' \
		"$dir" || return 1
	for i in $(seq 1 300); do echo "$i" >"$dir/many/file-$i"; done
	i=$dir/deep
	for _ in $(seq 1 400); do
		i=$i/d
		mkdir "$i"
	done
	echo bottom >"$i/bottom"
	touch -d '1960-02-03 04:05:06.5' "$dir/times/before-1970"
	touch -d '2038-01-20 00:00:00.123456789' "$dir/times/after-2038"
	touch -d '2000-01-01 00:00:00.100' "$dir/times/trailing-zeros"
	touch -h -d '2001-02-03 04:05:06' "$dir/link"
	setfattr -n user.note -v 'a value' "$dir/plain" 2>/dev/null
	setfattr -n user.empty "$dir/plain" 2>/dev/null
	setfattr -n user.binary -v 0x00ff10 "$dir/deep" 2>/dev/null
	[ -n "$(getfattr -n user.note "$dir/plain" 2>/dev/null)" ] || echo "note: no attributes here" >&2
	setfacl -m u:1234:rwx,g:4321:r "$dir/text" 2>/dev/null
	setfacl -d -m u:1234:rx "$dir/many" 2>/dev/null
	if [ "$(id -u)" = 0 ]; then
		mknod "$dir/char" c 1 3
		mknod "$dir/block" b 7 200
		chown 1234:4321 "$dir/nothing"
		chown -h 99:99 "$dir/dangling"
	fi
	touch -d '1999-09-09 09:09:09.987654321' "$dir/deep" "$dir/many"
	return 0
}

# A tree that every version of restic writes alike (no names or links that only newer ones
# can). $1: folder to make.
backup_tree_plain() {
	local dir=$1 i
	mkdir -p "$dir/a/b" "$dir/c"
	head -c 5000000 /dev/urandom >"$dir/a/random"
	head -c 2000000 /dev/zero >"$dir/a/b/zeros"
	for i in $(seq 1 200); do echo "line $i" >"$dir/c/$i"; done
	ln -s c/1 "$dir/link"
	ln "$dir/c/2" "$dir/hard"
	: >"$dir/ñandú \"quoted\" \\ <b>&"
	: >"$dir/$(printf 'invalid\377')"
}

# Prints all that must be equal of two trees but content: one line a file, sorted. Sockets are
# never stored.
backup_tree_metadata() {
	(
		cd "$1" || exit 1
		find . -mindepth 1 ! -type s \( -type d -printf '%p\t%y %m %U:%G %T@\0' \
			-o -printf '%p\t%y %m %U:%G %T@ %s %n %l\0' \) | LC_ALL=C sort -z
		find . -mindepth 1 \( -type b -o -type c \) -exec stat -c '%n %t:%T' '{}' + |
			LC_ALL=C sort
		getfattr -R -h -d -m - -e hex . 2>/dev/null
	)
}

# Compares content, metadata, attributes and links. $1, $2: folders.
backup_tree_compare() {
	local n
	for n in 1 2; do
		(cd "${!n}" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -z) \
			>"$T/sums$n"
		backup_tree_metadata "${!n}" >"$T/meta$n"
	done
	cmp "$T/sums1" "$T/sums2" && cmp "$T/meta1" "$T/meta2" && return 0
	diff -a <(tr '\0' '\n' <"$T/sums1") <(tr '\0' '\n' <"$T/sums2") | head -n 20
	diff -a <(tr '\0' '\n' <"$T/meta1") <(tr '\0' '\n' <"$T/meta2") | head -n 20
	return 1
}

# Fails with a message.
backup_die() {
	echo "FAIL: $*" >&2
	exit 1
}

# The last tree id of a repository's snapshots, by restic $1.
backup_last_tree() {
	"$1" snapshots --no-cache --no-lock --json latest 2>/dev/null | grep -o '"tree":"[0-9a-f]*"' | \
		tail -n 1
}
