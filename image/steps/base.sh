# shellcheck shell=bash
# The base: the distribution's packages and the kernel slot made from them. It changes only when the archive or the
# package list does, so it is kept in the cache as a folder: root/ boot/ kernel.img packages.txt epoch

# Where the packages come from, and which they are.
base_sources() {
	if [ -n "$lock" ]; then
		printf 'deb [trusted=yes] copy:/sources ./\n' >"$work/base.list"
		sources_dir=$work/locked-base
		mkdir "$sources_dir"
	else
		sources_lines "$base_keyring" "$base_archive" "$distro_suites" "$base_security" "$distro_security_suites" \
			"$distro_components" >"$work/base.list"
	fi
	base_packages=("${common_packages[@]}" "${distro_packages[@]}" "$distro_kernel")
	[ "$flavour_firmware" = no ] || base_packages+=("${distro_firmware[@]}")
}

# Settles the base's name in the cache; it tells all that went into it.
base_resolve() {
	local key files=("$here/boot/$flavour_initrd_conf" "$work/base.list") words=("$format" "$distro_name" "$flavour"
		"${base_packages[@]}" "${distro_boot_packages[@]}" "${flavour_drop_modules[@]}" "${flavour_squashfs_options[@]}")
	key=base-$distro-$flavour-$(cache_key "${words[@]}" -- "${files[@]}")
	if [ -n "$lock" ]; then
		lock_rows 'base|boot' >"$work/base.lock"
		base_entry=$key-$(cache_key -- "$work/base.lock")
	elif base_releases; then
		base_entry=$key-$(cache_key -- "$work"/base-releases/*)
	else
		base_entry=$(cache_newest "$key")
		[ -n "$base_entry" ] || base_unreachable
		ui_say "The archive of $distro_title can't be reached: using its packages as an earlier build fetched them."
	fi
	cache_use "$base_entry"
}

# The archive's state now; fails if it can't be reached.
base_releases() {
	sed "s|copy:/sources|file:$sources_dir|" "$work/base.list" |
		sources_fetch_releases "$work/base-releases" >"$logs/base-releases.log" 2>&1
}

# The archive that /sources is; not made when the base is in the cache and root_nexus_packages needs none of it.
step_base_locked() {
	lock_archive 'base|boot' "$work/locked-base" "$distro_suite"
}

base_unreachable() {
	local other="Debian instead: image/build --distro debian-trixie"
	[ "$distro" != debian-trixie ] || other="Check this machine's network and proxy: apt-get update"
	ui_die "can't build $distro_title: its archive can't be reached." \
		"Would build: $distro_title, $flavour flavour, kernel $distro_kernel," \
		"from $base_archive ($distro_suites; $distro_components)." \
		"Reason: $(tail -n 1 "$logs/base-releases.log" | cut -c1-200)" \
		"An archive that can be reached: image/build --distro $distro --sources URL [--keyring FILE]" \
		"$other"
}

step_base() {
	cache_lock "$base_entry"
	if [ -d "$cache/$base_entry" ]; then
		ui_advice "from the cache"
		return
	fi
	ui_advice "Check the network, the disk space and the names of the packages in the log, then try again."
	epoch=${lock_epoch:-$(sources_epoch "$work/base-releases")}
	local list made=$work/base options=() folder
	list=$(IFS=,; printf '%s' "${base_packages[*]}")
	for folder in "${flavour_drop_modules[@]}"; do
		options+=(--dpkgopt="path-exclude=/lib/modules/*/$folder/*" --dpkgopt="path-exclude=/usr/lib/modules/*/$folder/*")
	done
	mkdir -p "$made" "$cache/debs/$distro"
	[ ${#clock_environment[@]} -eq 0 ] || options+=(--setup-hook="cp -a --parents $clock_library \"\$1\"")
	# The packages' own hook would make an initrd for any PC, twice; ours is made below.
	in_tools mmdebstrap --mode=root --variant=apt --format=directory --include="$list" --aptopt=/making/apt.conf \
		--keyring="$base_keyring" --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/es*/*' \
		--dpkgopt='path-include=/usr/share/locale/locale.alias' \
		--dpkgopt='path-exclude=/etc/kernel/postinst.d/dracut' \
		"${options[@]}" \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" "$1/etc/kernel/postinst.d"' \
		--setup-hook='ln -s /bin/true "$1/etc/kernel/postinst.d/dracut"' \
		--setup-hook="cp -a /debs/$distro/. \"\$1/var/cache/apt/archives/\"" \
		--skip=download/empty --skip=essential/unlink --skip=cleanup/apt/lists \
		--customize-hook="cp -u \"\$1\"/var/cache/apt/archives/*.deb /debs/$distro/" \
		--customize-hook='rm -f "$1"/var/cache/apt/archives/*.deb' \
		"$distro_suite" /making/base/root - <"$work/base.list"
	chroot_enter /making/base/root
	base_boot_files
	base_locales
	base_initrd
	chroot_leave /making/base/root
	base_kernel_slot
	touch_newer "$made/root" "$epoch" "$epoch"
	in_root /making/base/root dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n' >"$made/packages.txt"
	printf '%s\n' "$epoch" >"$made/epoch"
	cache_commit "$made" "$base_entry"
	cache_prune "base-$distro-$flavour" "$base_entry"
	rm -f "$work/advice"
}

# GRUB and shim are not installed: their files are for the stick and disk, not for the root.
base_boot_files() {
	mkdir -p "$work/base/boot/debs" "$work/base/root/tmp/boot-debs"
	in_root /making/base/root sh -c 'cd /tmp/boot-debs && apt-get -q -y download "$@"' sh "${distro_boot_packages[@]}"
	mv "$work"/base/root/tmp/boot-debs/*.deb "$work/base/boot/debs/"
	rmdir "$work/base/root/tmp/boot-debs"
	in_tools sh -e -c 'for deb in /making/base/boot/debs/*.deb; do
			dpkg-deb -x "$deb" /making/base/boot
			dpkg-deb -W --showformat="\${Package}\t\${Version}\t\${Architecture}\n" "$deb"
		done' >"$work/base/boot/packages.txt"
	rm -r "$work/base/boot/debs"
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
	in_root_now /making/base/root dracut --force --no-hostonly --reproducible --tmpdir /tmp --kver "$version" /boot/initrd.img
}

base_kernel_slot() {
	local root=$work/base/root version
	version=$(basename "$root"/usr/lib/modules/*)
	mkdir "$work/base/slot"
	mv "$root/boot/initrd.img" "$work/base/slot/initrd.img"
	cp "$root/boot/vmlinuz-$version" "$work/base/slot/vmlinuz"
	chmod 0644 "$work"/base/slot/*
	rm -rf "${root:?}"/boot/* "$root"/{initrd.img,vmlinuz}{,.old}
	in_tools mksquashfs /making/base/slot /making/base/kernel.img -comp gzip "${flavour_squashfs_options[@]}" -b 131072 \
		-noappend -no-progress -no-exports -no-xattrs -all-root -processors 2
	pad_to_mib "$work/base/kernel.img"
	rm -r "$work/base/slot"
}
