"""Random snapshot times and policies, judged by restic and by us: what is kept and why must be
the same. retain.py TOOL NEXUS-BACKUP RESTIC REPOSITORY POLICIES SEED; prints how many agreed."""

import datetime
import json
import os
import random
import subprocess
import sys

TREE = "ac08ce34ba4f81236186612f2f7b7b6ab5d8f2a1f7b2a6a1c0b9f1a2b3c4d5e6"
# Where clocks change, weeks are 53, months are short, and years end.
ANCHORS = ["2026-03-29T01:30:00", "2026-10-25T01:30:00", "2021-01-03T12:00:00",
           "2020-12-31T23:59:59", "2024-02-29T00:00:00", "2026-03-31T10:00:00",
           "2027-01-01T00:30:00", "2015-12-31T22:00:00", "2026-11-20T09:00:00",
           "2000-01-01T00:00:00", "2031-05-05T05:05:05"]
STEPS = [60, 1200, 3600, 5400, 86400, 86400 * 3, 604800, 86400 * 30, 86400 * 200]
UTC = datetime.timezone.utc


def offset_text(minutes):
    if not minutes:
        return "Z"
    return "%s%02d:%02d" % ("-" if minutes < 0 else "+", abs(minutes) // 60, abs(minutes) % 60)


def zone_offsets(rng, local):
    """One zone for a list, or the local one, which changes with summer time."""
    kind = rng.randrange(4)
    if kind == 0:
        return lambda moment: 0
    if kind == 1:
        fixed = rng.choice([60, 120, -210, 345, -660, 840, 330])
        return lambda moment: fixed
    if kind == 2:
        return lambda moment: rng.choice([60, 120, -300])
    return local


def local_offset(moment):
    return int(moment.astimezone().utcoffset().total_seconds()) // 60


def make_list(rng, host):
    moment = datetime.datetime.fromisoformat(rng.choice(ANCHORS)).replace(tzinfo=UTC)
    offsets = zone_offsets(rng, local_offset)
    step = rng.choice(STEPS)
    seen = set()
    for _ in range(rng.choice([1, 2, 5, 20, 40])):
        moment += datetime.timedelta(seconds=rng.choice([-1, 1]) * rng.randrange(step * 2))
        nanos = rng.choice([0, 0, 1, 504055000, 999999999])
        if moment in seen:
            continue
        seen.add(moment)
        minutes = offsets(moment)
        shown = moment + datetime.timedelta(minutes=minutes)
        snapshot = {"time": shown.strftime("%Y-%m-%dT%H:%M:%S")
                            + (".%09d" % nanos).rstrip("0").rstrip(".") + offset_text(minutes),
                    "tree": TREE, "paths": ["/a"], "hostname": host}
        tags = [tag for tag in ["a", "b", "c"] if rng.random() < 0.2]
        if tags:
            snapshot["tags"] = tags
        yield snapshot


def span(rng):
    parts = [("y", 3), ("m", 14), ("d", 40), ("h", 50)]
    chosen = rng.sample(parts, rng.randrange(1, 4))
    return "".join("%d%s" % (rng.randrange(0, most), unit) for unit, most in chosen)


def policy(rng):
    words = []
    units = ["last", "hourly", "daily", "weekly", "monthly", "yearly"]
    for unit in rng.sample(units, rng.randrange(0, 4)):
        words += ["--keep-" + unit, rng.choice(["1", "2", "3", "7", "30", "unlimited"])]
    if rng.random() < 0.4:
        words += ["--keep-within", span(rng)]
    for unit in rng.sample(units[1:], rng.choice([0, 0, 1, 2])):
        words += ["--keep-within-" + unit, span(rng)]
    for tags in rng.sample(["a", "b", "a,b", "c,a", ""], rng.choice([0, 0, 0, 1, 2])):
        words += ["--keep-tag", tags]
    # Without this one of so many groups would be left with nothing, which both refuse.
    return words + rng.choice([["--keep-last", "1"], ["--keep-last", "1"], []])


def judge(program, words, env):
    done = subprocess.run(program + ["forget", "--dry-run", "--json", "--group-by", "host"] + words,
                          env=env, capture_output=True, text=True, check=False)
    text = done.stdout.strip()
    if done.returncode or not text.startswith("["):
        return done.returncode, None
    verdict = {}
    for group in json.loads(text.splitlines()[0]):
        empty = [key for key in ["keep", "remove", "reasons"] if group[key] is None]
        for key in empty:
            group[key] = []
        verdict[group["host"]] = (
            empty, group["paths"], group["tags"],
            sorted((r["snapshot"]["id"], tuple(r["matches"])) for r in group["reasons"]),
            sorted(s["id"] for s in group["keep"]), sorted(s["id"] for s in group["remove"]),
            sorted(json.dumps(s, sort_keys=True) for s in group["keep"] + group["remove"]))
    return 0, verdict


def main():
    tool, ours, restic, repository, policies, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    lines = []
    for number in range(30):
        lines += [json.dumps(s) for s in make_list(rng, "host%d" % number)]
    subprocess.run([tool, repository, os.environ["RESTIC_PASSWORD"]], input="\n".join(lines) + "\n",
                   text=True, check=True, stdout=subprocess.DEVNULL)
    judged = refused = 0
    for _ in range(int(policies)):
        words = policy(rng)
        theirs = judge([restic, "--no-cache"], words, os.environ)
        our = judge([ours], words, os.environ)
        if theirs != our:
            print("TZ=%s forget %s" % (os.environ.get("TZ"), " ".join(words)))
            print("exit: restic %d, ours %d" % (theirs[0], our[0]))
            for host in theirs[1] or {}:
                if our[1] and theirs[1][host] != our[1].get(host):
                    for one, other in zip(theirs[1][host], our[1].get(host, [])):
                        if one != other:
                            print(host, "restic:", one, "ours:", other, sep="\n")
                            sys.exit(1)
            sys.exit(1)
        if theirs[1] is None:
            refused += 1
        else:
            judged += len(theirs[1])
    print(len(lines), judged, refused)


main()
