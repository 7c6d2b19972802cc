#!/usr/bin/env bash
# The Ubuntu recipe from an archive with Ubuntu's layout: noble, -updates, -security; main, universe, restricted; filled
# with Debian's packages and stand-ins for names that only Ubuntu has, signed with a key made here. It proves suites,
# components, names, keyring and --sources of the recipe; it proves nothing about Ubuntu's own binaries.
# timeout: 1500
# parallel: yes
set -euo pipefail
shopt -s nullglob

[ "$(id -u)" -eq 0 ] || { echo "needs root: it makes chroots"; exit 77; }
for tool in mmdebstrap gpg dpkg-scanpackages jq sfdisk mdir; do
	command -v $tool >/dev/null || { echo "no $tool here"; exit 77; }
done

shared=${NEXUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nexus}
archive=$T/archive
export GNUPGHOME=$T/gpg SOURCE_DATE_EPOCH=1790000000
cleanup() {
	gpgconf --kill all 2>/dev/null || true
}
trap cleanup EXIT

fail() {
	echo "FAIL: $*"
	exit 1
}

# Debian's packages that stand for Ubuntu's, by the recipe's own lists.
fetch_debs() {
	local uri root=$T/apt names
	# shellcheck disable=SC2016  # the names in the format are apt's
	uri=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' | awk '$2 == "main" && $1 ~ /\/debian\/?$/ { print $1; exit }')
	[ -n "$uri" ] || { echo "apt knows no archive of Debian"; exit 77; }
	mkdir -p "$root"/{state/lists/partial,cache/archives/partial,etc/parts} "$archive/pool"
	: >"$root/status"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$uri" >"$root/etc/sources.list"
	apt_trixie=(-q -o Dir::State="$root/state" -o Dir::State::status="$root/status" -o Dir::Cache="$root/cache"
		-o Dir::Etc::SourceList="$root/etc/sources.list" -o Dir::Etc::SourceParts="$root/etc/parts"
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$root/etc/parts"
		-o APT::Install-Recommends=false -o APT::Architecture=amd64 -o Acquire::Languages=none
		-o APT::Sandbox::User=root)
	apt-get "${apt_trixie[@]}" update || { echo "the archive of Debian can't be reached"; exit 77; }
	for deb in "$shared"/pool/*.deb; do
		ln "$deb" "$root/cache/archives/" 2>/dev/null || cp "$deb" "$root/cache/archives/"
	done
	mapfile -t names < <(
		# shellcheck source=image/packages.conf
		. "$SRC/image/packages.conf"
		# shellcheck source=image/distro/ubuntu-noble.conf
		. "$SRC/image/distro/ubuntu-noble.conf"
		printf '%s\n' "${common_packages[@]}" "${distro_packages[@]}"
	)
	apt-get "${apt_trixie[@]}" -y --download-only install '?essential' apt linux-image-amd64 systemd-cryptsetup "${names[@]}"
	(cd "$root/cache/archives" && apt-get "${apt_trixie[@]}" download shim-signed shim-helpers-amd64-signed \
		grub-efi-amd64-signed grub-pc-bin)
}

# stand_in NAME VERSION COMPONENT SUITE [DEPENDS] [TREE]
stand_in() {
	local tree=${6:-$T/stand-in}
	[ -n "${6:-}" ] || { rm -rf "$tree" && mkdir "$tree"; }
	mkdir -p "$tree/DEBIAN" "$archive/pool/$4/$3"
	printf '%s\n' "Package: $1" "Version: $2" 'Architecture: amd64' 'Maintainer: Test <test@example.org>' \
		'Section: metapackages' 'Priority: optional' 'Description: stand-in for the test' >"$tree/DEBIAN/control"
	[ -z "${5:-}" ] || printf 'Depends: %s\n' "$5" >>"$tree/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$tree" "$archive/pool/$4/$3/$1_$2_amd64.deb" >/dev/null
}

# Ubuntu's shim-signed has the boot manager's helper in it, and its loader's name says "latest".
stand_in_shim() {
	local tree=$T/shim debian=$T/shim-debian deb
	mkdir -p "$tree/usr/lib/shim" "$debian"
	for deb in "$T"/apt/cache/archives/shim-*.deb; do
		dpkg-deb -x "$deb" "$debian"
		rm "$deb"
	done
	cp "$debian/usr/lib/shim/shimx64.efi.signed" "$tree/usr/lib/shim/shimx64.efi.signed.latest"
	cp "$debian/usr/lib/shim/mmx64.efi.signed" "$tree/usr/lib/shim/mmx64.efi"
	stand_in shim-signed 1.58-test main noble '' "$tree"
}

# Where Ubuntu has them: rauc and dracut in universe; sshd only in -security, as an update would be; the kernel's newest
# name in -updates. A recipe that forgets one of those can't be built.
fill_pool() {
	local deb suite component
	stand_in_shim
	for deb in "$T"/apt/cache/archives/*.deb; do
		suite=noble component=main
		case ${deb##*/} in
		rauc* | dracut* | smartmontools*) component=universe ;;
		openssh-server_* | openssh-sftp-server_*) suite=noble-security ;;
		esac
		mkdir -p "$archive/pool/$suite/$component"
		mv "$deb" "$archive/pool/$suite/$component/"
	done
	# With what Ubuntu's systemd has in it and Debian's has not.
	stand_in linux-image-generic 6.8.0.1 main noble linux-image-amd64,systemd-cryptsetup
	stand_in linux-image-generic 6.8.0.2 main noble-updates linux-image-amd64,systemd-cryptsetup
	stand_in linux-restricted-stand-in 6.8.0.1 restricted noble
}

sign_archive() {
	local suite component folder
	for suite in noble noble-updates noble-security; do
		for component in main universe restricted; do
			folder=dists/$suite/$component/binary-amd64
			mkdir -p "$archive/$folder" "$archive/pool/$suite/$component"
			(cd "$archive" && dpkg-scanpackages --multiversion "pool/$suite/$component" >"$folder/Packages" 2>/dev/null)
		done
		(
			cd "$archive/dists/$suite"
			printf '%s\n' 'Origin: Ubuntu' 'Label: Ubuntu' "Suite: $suite" 'Codename: noble' 'Version: 24.04' \
				'Architectures: amd64' 'Components: main universe restricted' "Date: $(date -u -R)" 'SHA256:'
			find . -name Packages -printf '%P\n' | sort | while read -r file; do
				printf ' %s %s %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"
			done
		) >"$T/Release"
		gpg --batch --yes --quiet --clearsign -o "$archive/dists/$suite/InRelease" "$T/Release"
	done
}

make_key() {
	mkdir -m 0700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key 'Test archive <test@example.org>' ed25519 sign never
	gpg --export >"$T/test.gpg"
}

has_package() {
	jq -e --arg name "$1" --arg version "${2:-}" \
		'.packages | any(.name == $name and ($version == "" or .version == $version))' "$T/out/report.json" >/dev/null ||
		fail "not in the image: $*"
}

echo "== an archive of Ubuntu's layout"
make_key
fetch_debs
fill_pool
sign_archive
du -sh "$archive" | cut -f1

# The tools of an earlier build, if there are any; the base of this archive stays out of the shared cache.
export NEXUS_CACHE=$T/cache
mkdir "$NEXUS_CACHE"
for tools in "$shared"/tools-*/; do
	cp -al "$tools" "$NEXUS_CACHE/" 2>/dev/null || true
done

echo "== signed by a key that the recipe does not know: refused"
if "$SRC/image/build" --distro ubuntu-noble --flavour test --no-nexus --sources "file:$archive" --out "$T/out"; then
	fail "an archive signed by a stranger was taken"
fi
[ ! -e "$T/out/usb.img" ] || fail "an image was written"

echo "== the Ubuntu recipe, which is the default"
"$SRC/image/build" --flavour test --no-nexus --version 1.2.3 --sources "file:$archive" --keyring "$T/test.gpg" --out "$T/out"
[ "$(jq -r '.distribution + " " + .suite + " " + .version' "$T/out/report.json")" = "ubuntu noble 1.2.3" ] ||
	fail "the report names another image"
has_package linux-image-generic 6.8.0.2
has_package openssh-server
has_package rauc
has_package shim-signed 1.58-test
partitions=$(sfdisk --json "$T/out/usb.img" | jq -r '[.partitiontable.partitions[].name] | join(" ")')
[ "$partitions" = "nexus-bios nexus-esp nexus-bootstate nexus-live-kernel nexus-live-root nexus-seed" ] ||
	fail "partitions: $partitions"
mdir -b -/ -i "$T/out/usb.img@@2M" :: | tr -d '\r' | sort >"$T/esp"
for file in EFI/BOOT/BOOTX64.EFI EFI/BOOT/grubx64.efi EFI/BOOT/mmx64.efi EFI/ubuntu/grub.cfg grub/grub.cfg nexus/image.json; do
	grep -qix "::/$file" "$T/esp" || fail "not on the ESP: $file"
done
! grep -qi '::/EFI/debian' "$T/esp" || fail "Debian's folder is on Ubuntu's ESP"
mtype -i "$T/out/usb.img@@2M" ::/nexus/image.json | jq -e '.distribution == "ubuntu" and .root.size_bytes > 50000000' >/dev/null ||
	fail "image.json"
[ "$(mtype -i "$T/out/usb.img@@2M" ::/nexus/image.json | jq -r '.boot_code.sha256')" = \
	"$(head -c 440 "$T/out/usb.img" | sha256sum | cut -d' ' -f1)" ] || fail "image.json: boot code"
jq -r '"usb.img \(.usb.size_bytes) bytes, \(.packages | length) packages"' "$T/out/report.json"
