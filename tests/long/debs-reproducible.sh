#!/usr/bin/env bash
# timeout: 3600
# The packages of Debian trixie, built twice in two quite different surroundings, are the same to the byte.
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
"$SRC/ci/debs" --verify
