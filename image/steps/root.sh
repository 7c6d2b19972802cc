# shellcheck shell=bash
# The root: the base, the overlays, Nexus's own packages; then all that varies or doesn't belong in an image is removed.

step_root() {
	cp -a --reflink=auto "$cache/$base_entry/root" "$work/root"
	root_users
	if [ -n "$packages" ]; then
		root_nexus_packages
	fi
	root_overlays
	root_updates
	root_console
	root_identity
	root_units
	in_root /making/root dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n' >"$work/packages.txt"
	root_clean
}

# Before the packages, whose own scripts would number the users as they come.
root_users() {
	mkdir -p "$work/root/usr/lib/sysusers.d"
	cp "$source_dir/overlays/common/usr/lib/sysusers.d/00-nexus-ids.conf" "$work/root/usr/lib/sysusers.d/"
	in_root /making/root systemd-sysusers /usr/lib/sysusers.d/00-nexus-ids.conf
}

root_overlays() {
	in_tools cp -a --no-preserve=ownership /overlays/common/. /making/root/
	chmod 0440 "$work/root/etc/sudoers.d/nexus-operator"
}

# Which bundles the box takes: made for this distribution, and signed on behalf of --ca.
root_updates() {
	sed -i "s/^compatible=nexus-amd64\$/&-$distro_name/" "$work/root/etc/rauc/system.conf"
	grep -qx "compatible=nexus-amd64-$distro_name" "$work/root/etc/rauc/system.conf"
	[ -z "$ca" ] || install -m 0644 "$ca" "$work/root/etc/rauc/ca.cert.pem"
}

# A local archive of the .debs in --packages, so that apt finds what they need in the distribution's.
root_pool() {
	mkdir -p "$work/pool"
	cp "$packages"/*.deb "$work/pool/"
	in_tools sh -c 'cd /making/pool && apt-ftparchive packages . >Packages'
}

# The names of those that belong on a box.
root_pool_names() {
	sed -n 's/^Package: //p' "$work/pool/Packages" | grep -Ex 'nexus-(agent|backup|install|l10n)'
}

root_nexus_packages() {
	local root=$work/root names
	mkdir -p "$root/making"
	ui_advice "Look in the log for the package that could not be installed; --packages must hold .debs for $distro_title."
	root_pool
	mapfile -t names < <(root_pool_names)
	chroot_enter /making/root
	printf 'deb [trusted=yes] copy:/making/pool ./\n' >"$root/etc/apt/sources.list.d/nexus.list"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 0755 "$root/usr/sbin/policy-rc.d"
	# Both: the base may have been made of a lock without Nexus's packages, which lacks what these need.
	at_real_date in_root /making/root apt-get -q -o APT::Sandbox::User=root update
	at_real_date in_root /making/root apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root \
		install "${names[@]}"
	chroot_leave /making/root
	rm -r "$root/usr/sbin/policy-rc.d" "$root/etc/apt/sources.list.d/nexus.list"
	rm -f "$work/advice"
}

# The keyboard and the letters of the text screens, as two files: the programs that make them stay out of the image.
root_console() {
	in_tools sh -c 'ckbcomp -model pc105 latam | gzip -9n >/making/root/usr/lib/nexus/console.kmap.gz'
	cp "$tools/usr/share/consolefonts/Lat15-Fixed16.psf.gz" "$work/root/usr/lib/nexus/console.psf.gz"
}

# What this image is, for the agent and for updates.
root_identity() {
	local root=$work/root
	image_json_head >"$root/usr/lib/nexus/image.json"
	printf 'IMAGE_ID=nexus\nIMAGE_VERSION=%s\n' "$version" >>"$root/usr/lib/os-release"
}

# Units that no box needs, or that would wait for what no box has.
root_masked_units=(
	systemd-firstboot.service systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer
	dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service grub-common.service systemd-pcrmachine.service
	systemd-hibernate-clear.service dev-hugepages.mount run-lock.mount proc-sys-fs-binfmt_misc.automount
	sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount
)

# systemd-ssh-generator would open ways in that sshd's settings don't know of; the others look for what isn't there.
root_masked_generators=(
	systemd-ssh-generator systemd-gpt-auto-generator systemd-hibernate-resume-generator systemd-tpm2-generator
	systemd-rc-local-generator systemd-sysv-generator systemd-system-update-generator
)

# Users before units; then every unit as the presets say, and nothing else.
root_units() {
	local generator folder=$work/root/etc/systemd/system-generators
	in_root /making/root systemd-sysusers
	rm -rf "$work"/root/etc/systemd/system/*.wants "$work"/root/etc/systemd/system/*.requires
	in_root /making/root systemctl --quiet preset-all
	in_root /making/root systemctl --quiet mask "${root_masked_units[@]}"
	mkdir -p "$folder"
	for generator in "${root_masked_generators[@]}"; do
		ln -sfn /dev/null "$folder/$generator"
	done
	in_root /making/root systemctl --quiet set-default multi-user.target
	in_root /making/root usermod --lock root
}

root_clean() {
	local root=$work/root day
	rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/lib/systemd/random-seed "$root"/var/lib/dbus/machine-id \
		"$root"/var/cache/ldconfig/aux-cache "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* \
		"$root"/var/cache/debconf/* "$root"/var/lib/dpkg/*-old "$root"/var/log/* "$root"/var/tmp/* "$root"/tmp/* \
		"$root"/run/* "$root"/root/.??* "$root"/etc/*- "$root"/etc/.pwd.lock "${root:?}"/dev/* "$root"/var/lib/systemd/catalog
	rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/etc/apt/apt.conf.d/*mmdebstrap \
		"$root"/etc/dpkg/dpkg.cfg.d/*mmdebstrap "$root"/etc/dracut.conf.d/nexus.conf
	find "$root/usr" -name __pycache__ -prune -exec rm -rf {} +
	in_root /making/root journalctl --update-catalog
	mkdir -p "$root"/data "$root"/var/lib/apt/lists/partial "$root"/var/cache/apt/archives/partial
	: >"$root/etc/machine-id"
	# A day without a clock in it: shadow's "last changed".
	day=$((epoch / 86400))
	sed -i -E "s/^([^:]*:[^:]*):[0-9]*:/\1:$day:/" "$root/etc/shadow"
	# /etc and /var are as new as /usr. Without this, systemd rebuilds caches at every boot of a volatile root.
	printf 'TIMESTAMP_NSEC=%s000000000\n' "$epoch" | tee "$root/etc/.updated" >"$root/var/.updated"
	# systemd never sets the clock before this file's time, whatever the PC's own clock says.
	: >"$root/usr/lib/clock-epoch"
	# mkfs.erofs -T brings what is newer down to the image's time, but leaves what is older: a base from the cache would show
	# when it was made. All in the base is older than that archive's date, all that is newer was made here.
	touch_newer "$root" "$lock_epoch" "$epoch"
	touch -d "@$epoch" "$root/usr" "$root"/{etc,var}/.updated "$root/usr/lib/clock-epoch"
}

step_erofs() {
	in_tools mkfs.erofs --quiet -z"$flavour_erofs_compression" -C65536 -T"$epoch" -U "$(uuid_of erofs "$version" "$distro")" \
		/making/root.img /making/root
}
