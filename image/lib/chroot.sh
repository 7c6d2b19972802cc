# shellcheck shell=bash
# The tools chroot: everything that makes the image runs in it, with tools of one release, whatever the host has.
# image/build runs in a mount namespace of its own: no mount outlives it.

# Mounts what the tools see: /making (this build), /cache, /image and /overlays (the recipe), /sources (--sources FOLDER).
chroot_open() {
	local root=$cache/$tools_entry
	tools=$root
	# A mount point itself: mmdebstrap inside wants to make its mounts private.
	mount --bind "$root" "$root"
	mount -t tmpfs -o mode=1777,size=64m tmp "$root/tmp"
	chroot_kernel_mounts "$root"
	chroot_bind "$work" "$root/making"
	chroot_bind "$cache" "$root/cache"
	chroot_bind "$here" "$root/image"
	chroot_bind "$source_dir/overlays" "$root/overlays"
	if [ -n "$sources_dir" ]; then
		chroot_bind "$sources_dir" "$root/sources"
	fi
	[ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/resolv.conf"
}

chroot_kernel_mounts() {
	mount -t proc proc "$1/proc"
	mount --rbind /sys "$1/sys"
	mount --rbind /dev "$1/dev"
}

chroot_bind() {
	mkdir -p "$2"
	mount --bind "$1" "$2"
}

# chroot_enter ROOT: lets programs run inside a root that is being made, and apt find /making/locked and /making/pool.
# ROOT as seen from the tools chroot, here and in chroot_leave: a mount made beside it would not be seen there.
chroot_enter() {
	local root=$tools$1 folder
	clock_lend "$root"
	chroot_kernel_mounts "$root"
	for folder in locked pool; do
		[ ! -d "$work/$folder" ] || chroot_bind "$work/$folder" "$root/making/$folder"
	done
}

chroot_leave() {
	local root=$tools$1 folder
	clock_take_back "$root"
	umount -R "$root/proc" "$root/sys" "$root/dev"
	for folder in locked pool; do
		[ ! -d "$root/making/$folder" ] || umount "$root/making/$folder"
	done
	rm -rf --one-file-system "$root/making"
	# What a package left; the overlays lay the image's own.
	rm -f "$root/etc/resolv.conf"
}

# in_tools COMMAND...: the environment is fixed, so that nothing of the host's shows in the image.
in_tools() {
	chroot "$tools" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TZ=UTC \
		DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH="${epoch:-0}" "${clock_environment[@]}" "$@"
}

# at_real_date in_tools|in_root ...: what doesn't bear the other one (see lib/clock.sh).
at_real_date() {
	local clock_environment=()
	"$@"
}

# in_root ROOT COMMAND...: ROOT as seen from the tools chroot.
in_root() {
	local root=$1
	shift
	in_tools chroot "$root" "$@"
}
