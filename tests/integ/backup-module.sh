#!/bin/bash
# What a run with a repository in a folder does without: the modules that bring curl, libssh and
# libarchive. Where they are from, in the build folder and installed; and what is said when one
# is missing, damaged or of another version.
# timeout: 300
# parallel: yes
# asan: yes
. "$SRC/tests/integ/stores/stores.bash"
[ "$(id -u)" = 0 ] || stores_skip "needs root, to hide files"
unshare -m true 2>/dev/null || stores_skip "needs a mount namespace"
far=$BUILD/lib/store/far
tar=$BUILD/lib/tar
nobody=rest:http://127.0.0.1:1/
# with FROM TO... -- COMMAND...: sees the content of each folder FROM in its TO's place.
with() {
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c '
		while [ "$1" != -- ]; do
			mount --bind "$1" "$2" || exit 99
			shift 2
		done
		shift
		exec "$@"' - "$@"
}

ldd "$NB" >"$T/needed" || backup_die "ldd"
! grep -e curl -e libssh -e libarchive -e expat "$T/needed" ||
	backup_die "every run brings libraries that few need"

mkdir "$T/src" "$T/none"
echo content >"$T/src/file"
export RESTIC_REPOSITORY=$T/repo
for hidden in "$far" "$tar"; do
	rm -rf "$T/repo" "$T/out"
	with "$T/none" "$hidden" -- "$NB" init -q || backup_die "init without $hidden"
	with "$T/none" "$hidden" -- "$NB" backup -q "$T/src" || backup_die "backup without $hidden"
	with "$T/none" "$hidden" -- "$NB" check -q --read-data || backup_die "check without $hidden"
	with "$T/none" "$hidden" -- "$NB" restore -q latest --target "$T/out" || backup_die "restore without $hidden"
	diff -r "$T/src" "$T/out$T/src" || backup_die "restored something else without $hidden"
done
expect 1 'load module nexus-far-stores.so: .*; install the package' \
	with "$T/none" "$far" -- "$NB" -r "$nobody" snapshots
expect 1 'load module nexus-tar.so: .*; install the package' \
	with "$T/none" "$tar" -- "$NB" dump latest "$T/src"
[ "$("$NB" dump latest "$T/src/file")" = content ] || backup_die "a dumped file needs no module"
echo "ok: missing"

mkdir "$T/garbage" "$T/other"
head -c 30000 /dev/urandom >"$T/garbage/nexus-far-stores.so"
expect 1 'load module nexus-far-stores.so: .*; install the package' \
	with "$T/garbage" "$far" -- "$NB" -r "$nobody" snapshots
version=$("$NB" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)
python3 - "$version" "$far/nexus-far-stores.so" "$T/other/nexus-far-stores.so" <<'END' || backup_die "no other version"
import sys
ours, content = sys.argv[1].encode(), open(sys.argv[2], "rb").read()
other = content.replace(ours + b"\0", b"9" * len(ours) + b"\0")
open(sys.argv[3], "wb").write(other)
sys.exit(other == content)
END
expect 1 "is of version 9* and this program of $version" \
	with "$T/other" "$far" -- "$NB" -r "$nobody" snapshots
echo "ok: damaged and foreign"

# In the build folder, and where it is installed: the one found is the one that was built.
expect 1 'refuses the connection' "$NB" -r "$nobody" snapshots
"$NB" dump latest "$T/src" | tar -t | grep -q 'src/file$' || backup_die "dump"
DESTDIR=$T/root meson install -C "$BUILD" --no-rebuild >"$T/install.log" 2>&1 ||
	backup_die "install: $(tail -n 3 "$T/install.log")"
installed=$(cd "$T/root" && find . -type f -name nexus-backup -path '*/bin/*' | cut -c 2-)
prefix=${installed%/bin/*}
mkdir -p "$prefix"
expect 1 'refuses the connection' with "$T/root$prefix" "$prefix" \
	"$T/none" "$far" -- "$installed" -r "$nobody" snapshots
with "$T/root$prefix" "$prefix" "$T/none" "$tar" -- "$installed" dump latest "$T/src" | tar -t |
	grep -q 'src/file$' || backup_die "dump, installed"
echo "ok: installed"
exit 0
