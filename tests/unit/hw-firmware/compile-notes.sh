#!/bin/sh
# compile-notes.sh SYSTEMD-HWDB SCRATCH OUTPUT NOTES...: as the trigger of udev does.
set -eu
hwdb=$1 scratch=$2 output=$3
shift 3
rm -rf "$scratch/root"
mkdir -p "$scratch/root/etc/udev/hwdb.d"
cp "$@" "$scratch/root/etc/udev/hwdb.d/"
"$hwdb" --strict --root="$scratch/root" update
mv "$scratch/root/etc/udev/hwdb.bin" "$output"
rm -rf "$scratch/root"
