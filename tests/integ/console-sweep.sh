#!/usr/bin/env bash
# A sweep of many boxes, a quarter of them faulty: every healthy one is found, every fault named,
# within the time that the healthy ones take and some seconds; a flood costs next to nothing.
# timeout: 180
set -euo pipefail

# A network of its own: the boxes are addresses of its loopback.
if [ "${1:-}" != inside ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -n true 2>/dev/null || ! command -v ip >/dev/null; then
		echo "needs root, a network namespace and ip"
		exit 77
	fi
	exec unshare -n bash "$0" inside
fi
ip link set lo up
# shellcheck source=tests/integ/console/boxes.bash
. "$SRC/tests/integ/console/boxes.bash"

healthy=150
faulty=50

make_box caja 0123ABCZ
LISTEN=0.0.0.0 start_box caja
run 0 "$nexus" fleet adopt "$(address caja)" --code "$(cat "$T/caja/code")" --name caja
rm "$T/caja/id" # from now on it is as many boxes as it has addresses
faults=(silent garbage flood endless-banner banner-only)
for fault in "${faults[@]}"; do
	"$tool/test-faulty" "$fault" >"$T/port.$fault" &
	pids+=($!)
done
sleep 0.5
python3 - "$T" $healthy $faulty "${faults[@]}" <<'END'
import sqlite3, sys
t, healthy, faulty, faults = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
db = sqlite3.connect(t + "/home/fleet.db")
port, key = db.execute("SELECT port, host_key FROM boxes").fetchone()
db.execute("DELETE FROM boxes")
def add(i, name, host, port):
    db.execute("INSERT INTO boxes (box_id, name, host, port, host_key, adopted_s)"
               " VALUES (?, ?, ?, ?, ?, 1)", (host if name == "well" else f"x{i}",
               f"{name}-{i}", host, port, key))
for i in range(healthy):
    add(i, "well", f"127.1.{i // 250}.{i % 250 + 1}", port)
for i in range(faulty):
    fault = faults[i % len(faults)]
    add(i, fault, "127.0.0.1", int(open(f"{t}/port.{fault}").read()))
db.commit()
END

# measure ARGUMENT...: nexus fleet status; CPU in ms to $T/cpu, seconds to $T/wall.
measure() {
	python3 - "$T" "$nexus" fleet status --json "$@" <<'END'
import os, subprocess, sys, time
t = sys.argv[1]
begun = time.monotonic()
with open(t + "/out", "w") as out:
    child = subprocess.Popen(sys.argv[2:], stdout=out)
    _, _, usage = os.wait4(child.pid, 0)
open(t + "/wall", "w").write(f"{time.monotonic() - begun:.1f}")
open(t + "/cpu", "w").write(f"{1000 * (usage.ru_utime + usage.ru_stime):.1f}")
open(t + "/memory", "w").write(f"{usage.ru_maxrss / 1024:.1f}")
END
}

say "$healthy healthy and $faulty faulty boxes"
measure
count() {
	jq --arg f "$1" '[.boxes[] | select(.fault == $f)] | length' "$T/out"
}
echo "  $(cat "$T/wall") s, $(cat "$T/cpu") ms of CPU, $(cat "$T/memory") MiB"
[ "$(count none)" = $healthy ] || fail "$(count none) healthy ones found"
[ "$(count silent) $(count exchange) $(count garbage)" = "10 10 30" ] ||
	fail "faults: $(jq -c '[.boxes[].fault] | group_by(.) | map({(.[0]): length})' "$T/out")"
awk -v ms="$(cat "$T/cpu")" -v n=$((healthy + faulty)) 'BEGIN { printf "  %.2f ms a box\n", ms / n; exit ms / n > 5 }' ||
	fail "too much CPU for one box"

say "a flood costs little"
names=()
for i in 2 7 12 17 22; do names+=("flood-$i"); done
measure "${names[@]}"
echo "  $(cat "$T/cpu") ms of CPU for five floods"
[ "$(count garbage)" = 5 ] || fail "floods: $(cat "$T/out")"
awk -v ms="$(cat "$T/cpu")" 'BEGIN { exit ms > 250 }' || fail "floods cost $(cat "$T/cpu") ms"
