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
refused 'yes, no or both' backup --sha-ni=maybe
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
"$bench" backup --build="$BUILD" --work="$T" --csv="$T/result.csv" --scale=1 --repeat=2 --minutes=1 \
	--sha-ni=no --corpora=small,db --tools=nexus,nexus-fastest,nexus-fastest-off,restic \
	>"$T/out" 2>&1 || die "$(cat "$T/out")"
for corpus in small db; do
	tools=(nexus nexus-fastest restic)
	[ $corpus = small ] || tools+=(nexus-fastest-off)
	for step in first unchanged changed restore check prune; do
		for tool in "${tools[@]}"; do
			grep -qE "^$corpus,1,$step,$tool,1(,[0-9]+\.[0-9]+){3},[0-9]{4,},[0-9]{4,},no$" \
				"$T/result.csv" || die "$corpus $step $tool is not in the result"
		done
		grep -qE "^$corpus $step( +[0-9./]+){${#tools[@]}}" "$T/out" || die "$corpus $step: no line"
	done
	grep -qE "^$corpus added( +-?[0-9.]+){${#tools[@]}} " "$T/out" || die "$corpus: not what was added"
done
grep -q '^small,.*-off,' "$T/result.csv" && die "without pages, where there are none"
grep -qE '^Goals, without SHA instructions, ' "$T/out" || die "no goals: $(cat "$T/out")"
"$bench" plot "$T/result.csv" >"$T/plot.svg" || die "plot"
bars=$(tail -n +2 "$T/result.csv" | cut -d , -f 1,3,4 | sort -u | wc -l)
python3 -c 'import sys, xml.dom.minidom as m; print(len(m.parse(sys.argv[1]).getElementsByTagName("rect")))' \
	"$T/plot.svg" | grep -qx "$((1 + 4 + bars))" || die "bars are missing"
[ -z "$(find "$T" -maxdepth 1 -name 'nexus-bench.*')" ] || die "it leaves its data behind"

# What the goals come to, of figures that are known: medians, both settings, and what is missing.
{
	echo 'corpus,scale,step,tool,repetition,user_s,system_s,wall_s,peak_kib,repository_bytes,sha_ni'
	for sha in yes no; do
		limit=$([ $sha = yes ] && echo 5.0 || echo 5.1)
		for run in 1 2 3; do
			echo "db,9,first,restic,$run,9.0,1.0,$run.0,99000,1000000,$sha"
			echo "db,9,unchanged,restic,$run,1.0,0.0,1.0,99000,1000000,$sha"
			echo "db,9,changed,restic,$run,1.0,0.0,1.0,99000,3000000,$sha"
			echo "db,9,first,borg-lz4,$run,9.0,1.0,4.0,64000,1100000,$sha"
		done
		for user in 1.0 $limit 99.0; do # the median counts
			echo "db,9,first,nexus,1,$user,0.0,1.0,65536,1060000,$sha"
			echo "db,9,unchanged,nexus,1,1.0,0.0,1.0,40000,1060000,$sha"
			echo "db,9,changed,nexus,1,1.0,0.0,1.0,40000,1660000,$sha"
			echo "db,9,first,nexus-fastest-off,1,3.9,0.1,1.0,32000,1030000,$sha"
		done
	done
} >"$T/known.csv"
"$bench" table "$T/known.csv" >"$T/out" || die "table: $(cat "$T/out")"
goal() { # SETTING, what stands in its line
	sed -n "/^Goals, $1/,/^$/p" "$T/out" | tr -s ' ' | grep -qxF "$2" ||
		die "'$2' is not among the goals: $(cat "$T/out")"
}
goal 'with SHA' "db first backup, CPU / restic's <= 0.50 0.50 yes"
goal 'without SHA' "db first backup, CPU / restic's <= 0.50 0.51 NO"
goal 'with SHA' "db first backup, wall / restic's <= 0.50 0.50 yes"
goal 'with SHA' "db fastest, cut as restic cuts, CPU / restic's auto <= 0.40 0.40 yes"
goal 'with SHA' "db fastest, cut as restic cuts, size / restic's auto <= 1.03 1.03 yes"
goal 'with SHA' "db 2 % of pages changed, added / restic's <= 0.35 0.30 yes"
goal 'with SHA' "db first backup, ours-fastest-off / borg-lz4, size <= 1.00 0.94 yes"
goal 'with SHA' "db highest peak of any command of ours, MiB <= 64 64 yes"
grep -q "restore, CPU" "$T/out" && die "a goal that was not measured"
"$bench" plot "$T/known.csv" | grep -q 'no SHA' || die "plot of both settings"
exit 0
