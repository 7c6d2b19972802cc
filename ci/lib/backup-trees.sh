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

# expect CODE TEXT COMMAND...: it must end with the code and say the text on stderr, and never show
# the password hidden-word.
expect() {
	local code=$1 text=$2 got
	shift 2
	"$@" >"$T/stdout" 2>"$T/stderr"
	got=$?
	[ "$got" = "$code" ] || {
		cat "$T/stdout" "$T/stderr"
		backup_die "$*: exit $got, not $code"
	}
	[ -z "$text" ] || grep -qe "$text" "$T/stderr" || {
		cat "$T/stderr"
		backup_die "$*: stderr does not say '$text'"
	}
	! grep -q hidden-word "$T/stdout" "$T/stderr" || backup_die "$*: shows a password"
}

# The last tree id of a repository's snapshots, by restic $1.
backup_last_tree() {
	"$1" snapshots --no-cache --no-lock --json latest 2>/dev/null | grep -o '"tree":"[0-9a-f]*"' | \
		tail -n 1
}

# --- A repository to try verbs on, again and again. These expect NB, T and RESTIC_PASSWORD. ---

# backup_rounds REPOSITORY COUNT BYTES: makes it, with COUNT snapshots of $T/src that have much in
# common, so that each forgotten one leaves packs that are partly used: $T/trees has each, and as
# `new` one that no snapshot has. BYTES: of a file that changes from round to round.
backup_rounds() {
	local repository=$1 i k
	mkdir -p "$T/src/many" "$T/trees"
	"$NB" -r "$repository" init -q || backup_die "init"
	for i in $(seq 1 "$2"); do
		for k in 1 2 3; do head -c "$3" /dev/urandom >"$T/src/r$(((i * k + k) % 7))"; done
		for k in $(seq 1 30); do echo "file $((i / 2 + k))" >"$T/src/many/f$k"; done
		echo "$i" >"$T/src/round"
		"$NB" -r "$repository" backup -q "$T/src" || backup_die "backup $i"
		cp -r "$T/src" "$T/trees/$i"
	done
	cp -r "$T/src" "$T/trees/new"
	for k in 2 4 5 8; do head -c 900000 /dev/urandom >"$T/trees/new/r$k"; done
	echo changed >"$T/trees/new/many/f12"
	echo other >"$T/other-password"
}

# Times and trees of a repository's snapshots. The tree of a new one, of 2030, holds the times of
# the folders above, which change here; and a run that was killed behind its snapshot makes a
# second one.
backup_trees() {
	"$NB" --no-lock -r "$1" snapshots --json |
		jq -r '.[] | .time + (if .time > "2030" then "" else " " + .tree end)' | sort -u
}

backup_check() { "$NB" --no-lock -r "$1" check -q --read-data >"$T/check" 2>&1; }

# backup_damage REPOSITORY OPERATION: damage of a kind that the repair is for; none for others.
# damaged: the pack of it that is damaged.
backup_damage() {
	case $2 in
	index) find "$1/index" -type f | sort | sed -n '1~2p' | xargs rm -f ;;
	snapshots)
		find "$1/data" -type f -size -6k | sort | head -n 2 | xargs rm -f
		"$NB" -r "$1" repair -q index || backup_die "repair index"
		;;
	packs)
		damaged=$(find "$1/data" -type f -size +50k | sort | head -n 1)
		flip "$damaged" 5000
		damaged=$(basename "$damaged")
		;;
	esac
}
backup_is_damaged() { [[ " index snapshots packs " = *" $1 "* ]]; }

# backup_operate REPOSITORY OPERATION KEEP FROM: a verb that writes. KEEP: snapshots that forget
# leaves; FROM: what copy reads.
backup_operate() {
	case $2 in
	backup) "$NB" -r "$1" backup -q --checkpoint 1ms --time '2030-01-01 00:00:00' "$T/trees/new" ;;
	add) "$NB" -r "$1" key --new-password-file "$T/other-password" add ;;
	passwd) "$NB" -r "$1" key --new-password-file "$T/other-password" passwd ;;
	forget) "$NB" -r "$1" forget -q --keep-last "$3" --prune --max-unused 0 ;;
	prune) "$NB" -r "$1" prune -q --max-unused 0 ;;
	copy) "$NB" -r "$1" copy -q --from-repo "$4" ;;
	tag) "$NB" -r "$1" tag -q --add kept ;;
	index) "$NB" -r "$1" repair -q index ;;
	snapshots) "$NB" -r "$1" repair -q --forget snapshots ;;
	packs) "$NB" -r "$1" repair -q packs "$damaged" ;;
	esac
}
