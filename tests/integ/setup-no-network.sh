#!/usr/bin/env bash
# ci/setup and ci/debs without a network say so in one sentence and change nothing.
# timeout: 300
set -euo pipefail

if [ "$(id -u)" != 0 ]; then
	echo "needs root for a network namespace"
	exit 77
fi

# A copy that wants a package nobody has, with package lists that are empty.
mkdir "$T/tree" "$T/lists" "$T/cache"
cp -r "$SRC/ci" "$SRC/debian" "$T/tree/"
printf '\n[build]\nnexus-package-that-nobody-has\n' >>"$T/tree/ci/packages.txt"
cat >"$T/apt.conf" <<END
Dir::State::lists "$T/lists";
Dir::Cache "$T/cache";
END

# expect COMMAND...: fails, and its last line is the sentence.
expect() {
	local status=0
	APT_CONFIG=$T/apt.conf NEXUS_CACHE=$T/nexus-cache TMPDIR=$T \
		unshare --net "$@" >"$T/out" 2>&1 || status=$?
	cat "$T/out"
	[ $status = 1 ]
	tail -n 1 "$T/out" | grep -q 'no network, or the package servers do not answer: .*check the connection'
}

echo "--- ci/setup"
expect "$T/tree/ci/setup" --no-build
echo "--- ci/debs"
git -C "$T/tree" init -q
expect "$T/tree/ci/debs" --suite=trixie
