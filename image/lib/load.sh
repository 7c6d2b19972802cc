# shellcheck shell=bash
# Loads all parts of the recipe. The program has set: here, the folder image; source_dir, the tree; program, its name.

# The user's language has other letters between a and z, and sorts otherwise.
export LC_ALL=C.UTF-8

# Raise when the steps change in a way that makes cached parts wrong.
format=9

for part in "$here"/lib/*.sh "$here"/steps/*.sh "$here/packages.conf"; do
	[ "$part" != "$here/lib/load.sh" ] || continue
	# shellcheck disable=SC1090  # each of them is checked by itself
	. "$part"
done
# shellcheck disable=SC2034  # lib/layout.sh reads it
layout_file=$source_dir/overlays/common/usr/lib/nexus/layout.conf
