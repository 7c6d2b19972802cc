#!/bin/bash
# What restore leaves on disk with each option is what restic leaves; a killed restore goes on
# where it was, and what is right is not written again. And the recovery card: its commands do
# bring the data back, in a shell, with restic alone.
# timeout: 900
# parallel: yes
# Where two things must hold, it is the one or the other that fails.
# shellcheck disable=SC2015
set -u
. "$SRC/ci/lib/restic-peers.sh"
. "$SRC/ci/lib/backup-trees.sh"
NB=$BUILD/backup/nexus-backup
export RESTIC_PASSWORD="it's <integ>" TZ=UTC RESTIC_CACHE_DIR=$T/cache
export RESTIC_REPOSITORY="$T/re po's"
restic_peers_fetch && new=$(restic_peers_new) || {
	echo "SKIP: no restic here"
	exit 77
}
cd "$T" || exit 1
mkdir -p s/a/b s/c/d
head -c 9000000 /dev/urandom >s/a/big
head -c 8388608 /dev/zero >s/a/zeros
echo one >s/a/one
echo two >s/a/b/Two.TXT
ln s/a/one s/c/hard
ln -s one s/a/link
echo three >s/c/d/three
touch -d '2020-01-01 00:00:01.5' s/a/one s/a/b/Two.TXT
"$NB" init -q && "$NB" backup -q s || backup_die backup

# A target with what is right, what is not, and what is foreign.
prepare() {
	rm -rf "$1"
	mkdir -p "$1/s/a/b" "$1/s/c/foreign/deep" "$1/elsewhere"
	cp -a s/a/big "$1/s/a/big"
	printf 'XXXX' | dd of="$1/s/a/big" bs=1 seek=5000000 conv=notrunc status=none
	yes wrong | head -c 9000000 >"$1/s/a/zeros"
	touch -d '2022-01-01' "$1/s/a/big" "$1/s/a/zeros"
	echo other >"$1/s/a/one"
	touch -d '2021-01-01' "$1/s/a/one"
	echo old >"$1/s/a/b/Two.TXT"
	touch -d '2019-01-01' "$1/s/a/b/Two.TXT"
	ln -s "$T/outside" "$1/s/c/d"
	echo x >"$1/s/c/foreign/deep/x"
	ln -s "$T/outside" "$1/s/c/leads-out"
	echo keep >"$1/elsewhere/keep"
}
mkdir outside && echo safe >outside/three
count=0
same() {
	local a=0 b=0
	prepare x
	prepare y
	"$NB" restore -q latest --target x "$@" >out 2>&1 || a=$?
	"$new" restore --no-cache -q latest --target y "$@" >out2 2>&1 || b=$?
	[ "$a" = "$b" ] || backup_die "$*: status $a, restic's $b: $(cat out out2)"
	for n in x y; do
		(cd $n && find . -type f -exec sha256sum '{}' + | LC_ALL=C sort
			find . -printf '%p %y %m %U:%G %l %n\n' | LC_ALL=C sort
			find s -type f ! -path '*foreign*' -printf '%p %T@\n' 2>/dev/null | LC_ALL=C sort) >$n.facts
	done
	cmp -s x.facts y.facts || backup_die "restore $*: $(diff x.facts y.facts | head -n 20)"
	[ "$(cat outside/*)" = safe ] || backup_die "restore $* wrote outside"
	count=$((count + 1))
}
echo '*.txt' >patterns
same
same --delete
same --overwrite if-changed
same --include /s/a --delete
same --include '*.TXT'
same --iinclude '*.txt'
same --include-file patterns
same --iinclude-file patterns
same --exclude /s/c --delete
same --iexclude '*.txt'
same --exclude-file patterns
same --iexclude-file patterns --delete
same --verify --sparse
same --dry-run
prepare x
"$NB" restore -q latest --target x --overwrite never
[ "$(cat x/s/a/one)" = other ] && [ "$(cat x/s/a/b/Two.TXT)" = old ] || backup_die "--overwrite never"
# Here restic links s/c/hard to the file that it kept; ours has its own content.
prepare x
"$NB" restore -q latest --target x --overwrite if-newer
[ "$(cat x/s/a/one x/s/a/b/Two.TXT x/s/c/hard | tr '\n' ' ')" = 'other two one ' ] ||
	backup_die "--overwrite if-newer"
echo "ok: $count ways equal to restic's"

# Twice: nothing is written the second time, and JSON says so as restic's does.
rm -rf x y
"$NB" restore -q latest --target x && "$new" restore --no-cache -q latest --target y
backup_tree_compare s x/s || backup_die "restore differs"
[ "$(stat -c %b x/s/a/zeros)" -lt 1000 ] || backup_die "zeros were written"
before=$(stat -c '%i %y' x/s/a/big)
touch mark
a=$("$NB" restore latest --target x --json | jq -c -S 'select(.message_type == "summary") | del(.seconds_elapsed)')
b=$("$new" restore --no-cache latest --target y --json | jq -c -S 'select(.message_type == "summary") | del(.seconds_elapsed)')
echo "ours   $a
restic $b"
[ "$(jq -c '[.files_skipped, .bytes_skipped, .bytes_restored]' <<<"$a")" = '[5,17388622,null]' ] ||
	backup_die "second restore: $a"
[ "$(stat -c '%i %y' x/s/a/big)" = "$before" ] || backup_die "it was written again"

# Killed on the way: the next one leaves what was done as it is.
rm -rf x
for _ in 1 2 3; do
	"$NB" restore -q latest --target x &
	sleep 0.2
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
done
"$NB" restore -q latest --target x --verify && backup_tree_compare s x/s || backup_die "after a kill"
"$NB" restore -q latest --target / --delete >out 2>&1 && backup_die "--target / --delete"
grep -q 'needs --include or --exclude' out || backup_die "refusal: $(cat out)"
"$NB" restore -q latest --target x --overwrite no >out 2>&1 && backup_die "--overwrite no"
grep -q 'always, if-changed' out || backup_die "refusal: $(cat out)"
echo "ok: resumed"

# The card, run by a shell. Its page loads nothing, is well-formed, and hides the password.
"$NB" card --language es >card.txt || backup_die card
grep -q "RESTIC_REPOSITORY='$T/re po'\\\\''s'" card.txt || backup_die "place: $(cat card.txt)"
grep -q integ card.txt && backup_die "the password is on the card"
grep -q 'Tarjeta de recuperación' card.txt && ! grep -q 'Recovery' card.txt || backup_die language
sed -n 's/^    //p' card.txt | sed -e '/apt install/d' -e "s,restic ,'$new' --no-cache ," \
	-e "s,/recuperado,$T/recovered," >steps
env -u RESTIC_REPOSITORY bash -e steps >out 2>&1 || backup_die "the card's steps: $(cat out)"
backup_tree_compare s recovered/s || backup_die "what the card recovers differs"
umask 022
"$NB" card -q --html --target card.html --show-password || backup_die "card --html"
[ "$(stat -c %a card.html)" = 600 ] || backup_die "others can read the card"
python3 - <<'END' || backup_die "the page"
import re, html.parser, xml.dom.minidom
page = open("card.html").read()
assert "it&#39;s &lt;integ&gt;" in page and "<integ>" not in page
assert not re.search(r'\b(src|href)\s*=|url\(|@import|<script|<link', page)
svg = re.search(r"<svg.*?</svg>", page, re.S).group(0)
xml.dom.minidom.parseString(svg)
assert 'lang="es"' in page and 'lang="en"' in page
END
"$NB" card --html >page && grep -q integ page && backup_die "the password is on the page"
"$NB" card --language fr >out 2>&1 && backup_die "--language fr"
RESTIC_REPOSITORY=$T/none "$NB" card >out 2>&1
[ $? = 10 ] || backup_die "no repository"
# What a reader of the code gets, where there is one.
if command -v zbarimg >/dev/null && command -v rsvg-convert >/dev/null; then
	grep -o '<svg.*</svg>' page >code.svg
	rsvg-convert -w 600 code.svg -o code.png
	zbarimg -q --raw code.png | grep -qF "RESTIC_REPOSITORY=$T/re po's" || backup_die "the code"
	echo "ok: the code was read"
fi
echo "ok: card"
