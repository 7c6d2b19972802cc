#!/usr/bin/env bash
# The sources keep to ARCHITECTURE.md, and ci/check-layers sees each kind of breach.
# timeout: 120
# parallel: yes
set -euo pipefail
cd "$SRC"
# shellcheck source=ci/lib/refusals.sh
. ci/lib/refusals.sh

echo "the tree itself"
ci/check-layers

checker=ci/check-layers
make_copy() {
	local room
	mkdir "$1"
	cp -r ARCHITECTURE.md lib "$1/"
	for room in backup agent provision console; do
		[ ! -d $room ] || cp -r $room "$1/"
	done
}

many_lines() {
	seq "$1" | sed 's|.*|/* & */|'
}

expect 'base may not include json ("json/json.h")' \
	'echo "#include \"json/json.h\"" >>lib/base/str.c'
expect 'only json may include <cjson/cJSON.h>, not base' \
	'echo "#include <cjson/cJSON.h>" >>lib/base/str.h'
expect 'only conf may include <ini.h>, not json' 'echo "#include <ini.h>" >>lib/json/json.c'
expect 'only console/fleet store/sftp may include <libssh/sftp.h>, not store' \
	'echo "#include <libssh/sftp.h>" >>lib/store/local.c'
expect '<glib.h> is in no row' 'echo "#include <glib.h>" >>lib/base/str.c'
expect '"base/nothing.h" is not a header' 'echo "#include \"base/nothing.h\"" >>lib/base/str.c'
expect 'a knot: base/cleanup -> base/err -> base/cleanup' \
	'echo "#include \"base/err.h\"" >>lib/base/cleanup.h
	echo "#include \"base/cleanup.h\"" >>lib/base/err.h'
# Three files, and an include that only a source makes.
expect 'a knot: ' 'echo "#include \"base/proc.h\"" >>lib/base/err.c'
expect 'row:base -> row:json' \
	'sed -i "s/^| base | - |/| base | json |/" ARCHITECTURE.md'
expect 'row json: no room nowhere' \
	'sed -i "s/^| json | base |/| json | base nowhere |/" ARCHITECTURE.md'
expect 'lines; at most 600' 'many_lines 601 >lib/base/long.c'
expect 'lines; at most 150' 'many_lines 151 >lib/base/long.h'
expect 'much has 61 lines; at most 60' \
	'{ echo "int much(void)"; echo "{"; many_lines 57; echo "return 0;"; echo "}"; } >lib/base/much.c'
# shellcheck disable=SC2016
expect '13 sources; at most 12' 'seq 12 | while read -r i; do echo >lib/conf/more"$i".c; done'
expect 'json: a room without README.md' 'rm lib/json/README.md'
expect 'its folder is in no row' 'mkdir lib/attic; echo >lib/attic/old.c'
[ "$refusals_missed" = 0 ]
