#!/usr/bin/env bash
# Every text for people is translated, and ci/po-check sees each way to miss one.
# timeout: 120
# parallel: yes
set -euo pipefail

failures=0
# expect WORDS COMMAND: a small tree, changed by COMMAND, must be refused with WORDS; without
# WORDS it must pass.
expect() {
	local words=$1 r=0
	rm -rf "$T/tree"
	mkdir -p "$T/tree/po" "$T/tree/backup"
	cp "$SRC/po/xgettext.args" "$T/tree/po/"
	cd "$T/tree"
	echo es >po/LINGUAS
	echo backup/main.c >po/POTFILES
	: >po/allow-plain
	cat >backup/main.c <<'END'
/* "a comment with words" */
int main(void)
{
	printf(_("one text %s\n"), "--json");
	printf(P_("%d file\n", "%d files\n", n), n);
	fputs("slot=A\n", stdout);
	err_set(err, ERR_SYSTEM, EIO, "read disk: a chain for the operator");
}
END
	cat >po/es.po <<'END'
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Language: es\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#, c-format
msgid "one text %s\n"
msgstr "un texto %s\n"

#, c-format
msgid "%d file\n"
msgid_plural "%d files\n"
msgstr[0] "%d archivo\n"
msgstr[1] "%d archivos\n"
END
	eval "$2"
	"$SRC/ci/po-check" "$T/tree" >"$T/out" 2>&1 || r=$?
	if [ -z "$words" ] && [ $r = 0 ]; then
		echo "clean when it is"
	elif [ -n "$words" ] && [ $r = 1 ] && grep -qF -- "$words" "$T/out"; then
		echo "seen: $words"
	else
		echo "expected '$words', got status $r and:"
		cat "$T/out"
		failures=$((failures + 1))
	fi
}

expect '' 'true'
expect 'this message is untranslated' 'sed -i "s/^msgstr \"un texto.*/msgstr \"\"/" po/es.po'
expect "reviewed by the translator" 'sed -i "0,/#, c-format/s//#, fuzzy, c-format/" po/es.po'
expect 'lacks texts' 'echo "void f(void) { puts(_(\"another text\")); }" >>backup/main.c'
expect 'has texts that no source has' 'printf "\nmsgid \"gone\"\nmsgstr \"ido\"\n" >>po/es.po'
expect '+backup/new.h' 'echo "#define ROW {.help = N_(\"of a table\")}" >backup/new.h'
expect '+backup/new.c' 'echo "void f(void) { puts(_(\"one text %s\n\")); }" >backup/new.c'
expect '-backup/gone.c' 'echo backup/gone.c >>po/POTFILES; : >backup/gone.c'
expect 'does not compile' 'sed -i "s/un texto %s/un texto %d/" po/es.po'
expect 'backup/main.c:10: "bare words here"' \
	'printf "void f(void) {\nputs(\n\"bare words here\");}\n" >>backup/main.c'
expect '"%s: more bare words"' 'echo "int f = fprintf(stderr, \"%s: more bare words\", a);" >>backup/main.c'
expect '.c:9: "help without gettext"' \
	'echo "struct o o = {.help = \"help without gettext\"};" >>backup/main.c'
expect '' 'echo "void f(void) { puts(\"for machines only\"); }" >>backup/main.c
	echo "backup/main.c: \"for machines only\"" >>po/allow-plain'
expect 'nothing prints this any more' 'echo "backup/main.c: \"for machines only\"" >>po/allow-plain'
[ $failures = 0 ]

echo "the tree itself"
"$SRC/ci/po-check"
