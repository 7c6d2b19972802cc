# shellcheck shell=bash
# The base: the distribution's packages, and kernel and initrd made from them. It changes only when the archive or the
# package list does, so it is kept in the cache as a folder: root/ boot/ slot/ packages.txt

# Which packages, and where they come from.
base_sources() {
	base_packages=("${common_packages[@]}" "${distro_packages[@]}" "$distro_kernel")
	[ "$flavour_firmware" = no ] || base_packages+=("${distro_firmware[@]}")
	[ -n "$lock" ] || sources_lines "$base_keyring" "$base_archive" "$distro_suites" "$base_security" \
		"$distro_security_suites" "$distro_components" >"$work/base.list"
}

# The archive's state now; fails if it can't be reached.
base_releases() {
	sed "s|copy:/sources|file:$sources_dir|" "$work/base.list" |
		sources_fetch_releases "$work/base-releases" >"$logs/base-releases.log" 2>&1
}

# Settles the base's name in the cache; it tells all that goes into it.
base_resolve() {
	lock_rows 'base|boot' >"$work/base.lock"
	base_entry=base-$distro-$flavour-$(cache_key "$format" "$distro_name" "$flavour" "$lock_epoch" "${base_packages[@]}" \
		"${distro_boot_packages[@]}" "${flavour_drop_modules[@]}" -- \
		"$here/boot/$flavour_initrd_conf" "$work/base.lock")
	cache_use "$base_entry"
}

# The locked packages as an archive, for the base and for what Nexus's own packages need.
step_base_archive() {
	lock_archive 'base|own|boot' "$work/locked" "$distro_suite"
}

step_base() {
	cache_lock "$base_entry"
	if [ -d "$cache/$base_entry" ]; then
		ui_advice "from the cache"
		return
	fi
	ui_advice "Read the log, and look whether the disk is full."
	epoch=$lock_epoch
	local list made=$work/base options=() folder
	list=$(IFS=,; printf '%s' "${base_packages[*]}")
	for folder in "${flavour_drop_modules[@]}"; do
		options+=(--dpkgopt="path-exclude=/lib/modules/*/$folder/*" --dpkgopt="path-exclude=/usr/lib/modules/*/$folder/*")
	done
	mkdir -p "$made"
	# The packages' own hook would make an initrd for any PC, twice; ours is made below.
	at_real_date in_tools mmdebstrap --mode=root --variant=apt --format=directory --include="$list" --aptopt=/making/apt.conf \
		--aptopt='APT::Sandbox::User "root"' --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/es*/*' \
		--dpkgopt='path-include=/usr/share/locale/locale.alias' \
		--dpkgopt='path-exclude=/etc/kernel/postinst.d/dracut' \
		"${options[@]}" \
		--setup-hook='mkdir -p "$1/etc/kernel/postinst.d"' \
		--setup-hook='ln -s /bin/true "$1/etc/kernel/postinst.d/dracut"' \
		--skip=essential/unlink --skip=cleanup/apt/lists \
		"$distro_suite" /making/base/root - <<<"deb [trusted=yes] copy:/making/locked ./"
	chroot_enter /making/base/root
	base_boot_files
	base_locales
	base_initrd
	chroot_leave /making/base/root
	base_kernel
	touch_newer "$made/root" "$epoch" "$epoch"
	in_root /making/base/root dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n' >"$made/packages.txt"
	cache_commit "$made" "$base_entry"
	cache_prune "base-$distro-$flavour" "$base_entry"
	rm -f "$work/advice"
}

# GRUB and shim are not installed: their files are for the stick and disk, not for the root.
base_boot_files() {
	local name version architecture
	mkdir "$work/base/boot"
	lock_rows boot | while IFS=$lock_tab read -r _ name version architecture _; do
		in_tools dpkg-deb -x "/making/locked/${name}_${version//:/%3a}_$architecture.deb" /making/base/boot
		printf '%s\t%s\t%s\n' "$name" "$version" "$architecture"
	done >"$work/base/boot/packages.txt"
}

# es_VE beside C.UTF-8; the sources of all other locales are not needed after that.
base_locales() {
	in_root /making/base/root localedef -i es_VE -f UTF-8 es_VE.UTF-8
	rm -rf "$work"/base/root/usr/share/i18n/{locales,charmaps}
}

base_initrd() {
	local root=$work/base/root version
	version=$(basename "$root"/usr/lib/modules/*)
	cp "$here/boot/$flavour_initrd_conf" "$root/etc/dracut.conf.d/nexus.conf"
	# Not under another date: dracut would take what is preloaded for a library of each program.
	at_real_date in_root /making/base/root dracut --force --no-hostonly --reproducible --tmpdir /tmp --kver "$version" /boot/initrd.img
	# dracut goes on without a module that it lacks something for.
	in_root /making/base/root lsinitrd /boot/initrd.img >"$work/initrd.list"
	grep -q 'systemd-veritysetup$' "$work/initrd.list" && grep -q '/dm-verity\.ko' "$work/initrd.list"
}

# Kernel and initrd leave the root; step_slots makes the kernel slot of them.
base_kernel() {
	local root=$work/base/root slot=$work/base/slot version
	version=$(basename "$root"/usr/lib/modules/*)
	mkdir "$slot"
	mv "$root/boot/initrd.img" "$slot/initrd.img"
	cp "$root/boot/vmlinuz-$version" "$slot/vmlinuz"
	chmod 0644 "$slot"/*
	touch -d "@$epoch" "$slot"/* "$slot"
	rm -rf "${root:?}"/boot/* "$root"/{initrd.img,vmlinuz}{,.old}
}
