#!/bin/bash
# Files that grow, shrink, vanish, change their kind and are written anew while they are read, in
# two ways: each in the middle of its own reading, which is held up for it; and all of them by a
# process that never stops. The backup ends, says what it could not read, and each file in it is
# one that could be read: what stays still is as it was, by us and by every restic.
# timeout: 600
# parallel: yes
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export LC_ALL=C.UTF-8 TZ=UTC RESTIC_PASSWORD=integ RESTIC_REPOSITORY=$T/repo RESTIC_CACHE_DIR=$T/cache
peers=()
for restic in "$(restic_peers_old)" "$(restic_peers_new)"; do
	[ -z "$restic" ] || peers+=("$restic")
done
"$NB" init -q || backup_die "init"
mkdir -p "$T/src/still" "$T/src/moving"
for i in 1 2 3; do head -c 1000000 /dev/urandom >"$T/src/still/$i"; done
cp -r "$T/src/still" "$T/still"

# whole RESTORED: what must hold for a snapshot of the tree, whoever restored it.
whole() {
	diff -r "$T/still" "$1/still" || backup_die "$2: what stays still differs"
	"$NB" check -q --read-data || backup_die "$2: our check"
}
restored_by_all() { # WHAT
	local out
	for restic in "$NB" "${peers[@]}"; do
		rm -rf "$T/out"
		out=$T/out$T/src
		if [ "$restic" = "$NB" ]; then
			"$NB" restore -q latest --target "$T/out" || backup_die "$1: our restore"
			mv "$out" "$T/ours"
			out=$T/ours
		else
			"$restic" restore -q --no-cache latest --target "$T/out" >/dev/null ||
				backup_die "$1: restore by $("$restic" version)"
			"$restic" check -q --no-cache --read-data || backup_die "$1: check by $("$restic" version)"
			diff -r "$T/ours/moving" "$out/moving" || backup_die "$1: $("$restic" version) restores otherwise"
		fi
		whole "$out" "$1"
	done
}

# Each in the middle of its reading: a reading lasts some seconds here, the change comes in it.
for kind in grows shrinks vanishes truncated renewed other-kind; do
	head -c 3000000 /dev/urandom >"$T/src/moving/$kind"
done
cp "$T/src/moving/grows" "$T/grows"
cp "$T/src/moving/renewed" "$T/renewed"
READS_SLOW=400000 READS_BELOW=$T/src/moving LD_PRELOAD=$BUILD/tests/integ/libtest-reads.so \
	"$NB" backup "$T/src" >"$T/stdout" 2>"$T/stderr" &
pid=$!
# As soon as one of them is open with something of it read, it changes. What is never seen like
# that is told.
python3 - "$pid" "$T/src/moving" >"$T/missed" <<'END'
import os, sys, time
pid, top = sys.argv[1:]


def append(path):
    with open(path, "ab") as file:
        file.write(os.urandom(5000000))


def renew(path):
    os.unlink(path)
    with open(path, "w") as file:
        file.write("new\n")


def other_kind(path):
    os.unlink(path)
    os.mkdir(path)
    renew_in = open(path + "/x", "w")
    renew_in.close()


waiting = {"grows": append, "shrinks": lambda path: os.truncate(path, 2000000),
           "vanishes": os.unlink, "truncated": lambda path: os.truncate(path, 0),
           "renewed": renew, "other-kind": other_kind}
while waiting:
    try:
        fds = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        break
    for fd in fds:
        try:
            path = os.readlink(f"/proc/{pid}/fd/{fd}")
            with open(f"/proc/{pid}/fdinfo/{fd}") as file:
                at = int(file.readline().split()[1])
        except OSError:
            continue
        name = os.path.basename(path)
        if os.path.dirname(path) == top and name in waiting and 0 < at < 3000000:
            waiting.pop(name)(path)
    time.sleep(0.005)
print(*waiting)
END
wait "$pid"
code=$?
cat "$T/stderr"
[ "$code" = 0 ] || [ "$code" = 3 ] || backup_die "files that change: exit $code"
[ -z "$(cat "$T/missed")" ] || backup_die "too late for: $(cat "$T/missed")"
restored_by_all "files that change"
cmp "$T/ours/moving/grows" <(head -c "$(stat -c %s "$T/ours/moving/grows")" "$T/src/moving/grows") ||
	backup_die "what grows is not the beginning of what it became"
[ "$(stat -c %s "$T/ours/moving/grows")" -ge 3000000 ] || backup_die "of what grows something is missing"
for kind in shrinks truncated; do
	[ "$(stat -c %s "$T/ours/moving/$kind")" -lt 3000000 ] || backup_die "$kind is longer than it was"
done
# What was open is read to its end, though the name is gone.
cmp "$T/ours/moving/renewed" "$T/renewed" || backup_die "renewed: neither the old nor the new file"
# Now that all stands still the next run takes each as it is.
"$NB" backup -q "$T/src" || backup_die "the next run"
rm -rf "$T/out" "$T/ours"
"$NB" restore -q latest --target "$T/out" || backup_die "restore"
diff -r "$T/src" "$T/out$T/src" || backup_die "the next run has other files"
echo "ok: in the middle of reading"

# A process that never stops: grows, cuts, removes, renames, makes folders of files.
python3 - "$T/src/moving" <<'END' &
import os, random, shutil, sys
random.seed(int(os.environ.get("SEED", "4711")))
while os.getppid() != 1:
    path = os.path.join(sys.argv[1], f"f{random.randrange(400)}")
    other = os.path.join(sys.argv[1], f"f{random.randrange(400)}")
    try:
        match random.randrange(6):
            case 0 | 1:
                with open(path, "ab") as file:
                    file.write(os.urandom(random.randrange(60000)))
            case 2:
                os.truncate(path, random.randrange(20000))
            case 3:
                os.unlink(path)
            case 4:
                os.rename(path, other)
            case 5:
                os.unlink(path)
                os.mkdir(path)
                with open(path + "/in", "wb") as file:
                    file.write(b"x" * random.randrange(1000))
    except IsADirectoryError:
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass
END
mover=$!
trap 'kill "$mover" 2>/dev/null' EXIT
for turn in 1 2 3; do
	"$NB" backup "$T/src" >"$T/stdout" 2>"$T/stderr"
	code=$?
	[ "$code" = 0 ] || [ "$code" = 3 ] || backup_die "turn $turn: exit $code: $(cat "$T/stderr")"
done
kill "$mover"
wait "$mover" 2>/dev/null
restored_by_all "a tree in motion"
"$NB" backup -q "$T/src" || backup_die "the run behind it"
rm -rf "$T/out"
"$NB" restore -q latest --target "$T/out" || backup_die "restore"
diff -r "$T/src" "$T/out$T/src" || backup_die "the run behind it has other files"
echo "ok: in motion"
exit 0
