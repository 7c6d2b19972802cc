#!/bin/bash
# ci/bench on the smallest data: every step of every tool is measured, the data is the same on
# every machine, and what is missing or wrong is said.
# timeout: 600
set -u
. "$SRC/ci/lib/restic-peers.sh"
die() {
	echo "FAIL: $*" >&2
	exit 1
}
bench=$SRC/ci/bench
maker=$BUILD/ci/bench.d/bench-corpus
# What must come out is pinned: a change of the data makes old figures worthless.
for corpus in office small db; do
	"$maker" make $corpus "$T/$corpus" 1 || die "make $corpus"
	"$maker" change $corpus "$T/$corpus" 1 || die "change $corpus"
	(cd "$T/$corpus" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
		sha256sum | cut -c 1-16
done >"$T/sums"
[ "$(tr '\n' ' ' <"$T/sums")" = "1dd6f2ba546358ec 05c86e2ecd6f3342 626d325108751c2f " ] || die "other data: $(tr '\n' ' ' <"$T/sums")"
"$maker" make office "$T/office" 1 2>/dev/null && die "it fills a folder that is there"
"$maker" make ledger "$T/ledger" 1 2>/dev/null && die "it makes an unknown corpus"

refused() {
	local want=$1
	shift
	"$bench" "$@" >"$T/out" 2>&1 && die "'$*' went well"
	grep -q "$want" "$T/out" || die "'$*' says: $(cat "$T/out")"
}
refused "unknown tool 'tar'" backup --tools=tar
refused "unknown corpus 'x'" backup --corpora=x
refused 'a number from 1 on' backup --scale=0
refused 'is missing: build it' backup --build="$T/nothing"
refused 'unknown measurement' sing
echo 'Dir::Etc "/nonexistent";' >"$T/apt.conf"
for tool in restic borg-zstd; do
	NEXUS_CACHE=$T/empty APT_CONFIG=$T/apt.conf refused "${tool%-*} is missing" \
		backup --build="$BUILD" --tools=$tool
done

restic_peers_fetch || {
	echo "SKIP: no restic to measure against"
	exit 77
}
"$bench" backup --build="$BUILD" --work="$T" --csv="$T/result.csv" --scale=1 --repeat=1 \
	--tools=nexus,nexus-fastest,restic >"$T/out" 2>&1 || die "$(cat "$T/out")"
for corpus in office small db; do
	for step in first unchanged changed restore check; do
		for tool in nexus nexus-fastest restic; do
			grep -qE "^$corpus,1,$step,$tool,1(,[0-9]+\.[0-9]+){3},[0-9]{4,},[0-9]{4,}$" \
				"$T/result.csv" || die "$corpus $step $tool is not in the result"
		done
		grep -qE "^$corpus $step( +[0-9./]+){3}" "$T/out" || die "$corpus $step: no line"
	done
	grep -qE "^$corpus added( +[0-9.]+){3} " "$T/out" || die "$corpus: not what was added"
done
"$bench" plot "$T/result.csv" >"$T/plot.svg" || die "plot"
python3 -c 'import sys, xml.dom.minidom as m; print(len(m.parse(sys.argv[1]).getElementsByTagName("rect")))' \
	"$T/plot.svg" | grep -qx "$((1 + 3 + $(wc -l <"$T/result.csv") - 1))" || die "bars are missing"
[ -z "$(find "$T" -maxdepth 1 -name 'nexus-bench.*')" ] || die "it leaves its data behind"
exit 0
