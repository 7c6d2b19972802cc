# shellcheck shell=bash
# Another date for what runs in the chroots, so that image/verify can show that no date gets into the image:
# NEXUS_IMAGE_CLOCK=+400d. Programs are told so by libfaketime, which lies in the tools chroot and, while it is made, in the
# root. Not those that unpack packages: dpkg-deb's threads can wait for each other for ever under it.

clock_library=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1
clock_environment=()
if [ -n "${NEXUS_IMAGE_CLOCK:-}" ]; then
	clock_environment=(LD_PRELOAD="$clock_library" FAKETIME="$NEXUS_IMAGE_CLOCK" FAKETIME_DONT_FAKE_MONOTONIC=1
		DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1)
fi

# clock_lend ROOT, clock_take_back ROOT: as seen from here.
clock_lend() {
	[ -n "${NEXUS_IMAGE_CLOCK:-}" ] || return 0
	mkdir -p "$1${clock_library%/*}"
	cp "$tools$clock_library" "$1$clock_library"
}

clock_take_back() {
	[ -n "${NEXUS_IMAGE_CLOCK:-}" ] || return 0
	rm -r "$1${clock_library%/*}"
}
