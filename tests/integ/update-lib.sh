# shellcheck shell=bash
# What the tests of updates share, beside agent-lib.sh: keys, signed bundles, RAUC's real service on
# the private bus with slots that are files.
# shellcheck disable=SC2154 # root and T

# Skips the test where RAUC can't do what it does on a box.
need_rauc() {
	need_tools rauc mksquashfs grub-editenv openssl
	if [ "$(id -u)" != 0 ] || ! grep -qw squashfs /proc/filesystems; then
		echo "needs root and a kernel with squashfs, for RAUC"
		exit 77
	fi
}

# make_keys: in $T/keys a root, a signer below it, and a stranger who signed himself.
make_keys() {
	mkdir -p "$T/keys"
	(
		cd "$T/keys"
		printf 'keyUsage=digitalSignature\nextendedKeyUsage=codeSigning\n' >usage
		openssl ecparam -name prime256v1 -genkey -noout -out root.key
		openssl req -x509 -key root.key -out root.pem -days 30 -subj /CN=root -addext basicConstraints=critical,CA:true
		openssl ecparam -name prime256v1 -genkey -noout -out signer.key
		openssl req -new -key signer.key -out signer.csr -subj /CN=signer
		openssl x509 -req -in signer.csr -CA root.pem -CAkey root.key -set_serial 2 -days 30 -extfile usage -out signer.pem
		openssl ecparam -name prime256v1 -genkey -noout -out stranger.key
		openssl req -x509 -key stranger.key -out stranger.pem -days 30 -subj /CN=stranger -addext keyUsage=digitalSignature -addext extendedKeyUsage=codeSigning
	) >"$T/keys.log" 2>&1 || fail "keys: $(cat "$T/keys.log")"
}

# make_bundle NAME VERSION [COMPATIBLE] [SIGNER] [FORMAT]: $T/bundles/NAME; its images stay in
# $T/images/NAME. The first of them has 3 MiB unless ROOT_KIB says otherwise.
make_bundle() {
	local images=$T/images/$1
	mkdir -p "$images" "$T/bundles"
	head -c "${ROOT_KIB:-3072}K" /dev/urandom >"$images/root.img"
	head -c 200K /dev/urandom >"$images/kernel.img"
	cat >"$images/manifest.raucm" <<-END
		[update]
		compatible=${3:-nexus-amd64-debian}
		version=$2

		[bundle]
		format=${5:-plain}

		[image.rootfs]
		filename=root.img

		[image.kernel]
		filename=kernel.img
	END
	rauc bundle --cert "$T/keys/${4:-signer}.pem" --key "$T/keys/${4:-signer}.key" "$images" \
		"$T/bundles/$1" >"$T/bundle.log" 2>&1 || fail "bundle: $(cat "$T/bundle.log")"
}

# The same configuration as in the image, but for paths, and for the format: what this machine's
# kernel can mount.
make_slots() {
	local slot
	mkdir -p "$root/etc/rauc" "$root/data/rauc" "$root/data/update" "$root/run/rauc"
	for slot in root-a root-b; do truncate -s 4M "$root/run/nexus/$slot"; done
	for slot in kernel-a kernel-b; do truncate -s 1M "$root/run/nexus/$slot"; done
	echo "the system that runs" >"$T/running"
	cp "$T/running" "$root/run/nexus/root-a" && truncate -s 4M "$root/run/nexus/root-a"
	sed -e "s#=/\(run\|data\|etc\)/#=$root/\1/#" -e '/^bundle-formats/d' \
		-e 's/^compatible=.*/compatible=nexus-amd64-debian/' \
		"$SRC/overlays/common/etc/rauc/system.conf" >"$root/etc/rauc/system.conf"
	cp "$T/keys/root.pem" "$root/etc/rauc/ca.cert.pem"
}

# start_rauc [SLOT]: the service, which takes SLOT for the running one.
start_rauc() {
	rauc --conf "$root/etc/rauc/system.conf" --override-boot-slot="${1:-A}" service 2>>"$T/rauc.log" &
	rauc_pid=$!
	pids+=("$rauc_pid")
	wait_for 10 bus status de.pengutronix.rauc
}

end_rauc() {
	kill "$rauc_pid"
	wait "$rauc_pid" 2>/dev/null || true
}

# start_server: $T/www over HTTP; sets $address.
start_server() {
	mkdir -p "$T/www"
	python3 "$SRC/tests/integ/update/ranges.py" "$T/www" "$T/www.port" "$T/www.log" &
	pids+=($!)
	wait_for 10 test -s "$T/www.port"
	# shellcheck disable=SC2034 # for those who source this
	address=http://127.0.0.1:$(cat "$T/www.port")
}

# served: bytes that went out since the log was emptied.
served() {
	awk '$1 == "GET" { sum += $3 } END { print sum + 0 }' "$T/www.log"
}

# variable NAME: of the boot state.
variable() {
	sed -n "s/^$1=//p" <(tr -d '\0' <"$root/run/nexus/bootstate")
}

# update ARGS-JSON: sets $id, the job's.
update() {
	id=$(call RunJob ss update "$1")
}

# message: of job $id.
message() {
	call GetJob s "$id" | jq -r .result.message
}

ended() {
	local state
	state=$(job_state "$id")
	[ "$state" = "done" ] || [ "$state" = failed ]
}

# update_ends STATE ARGS-JSON
update_ends() {
	update "$2"
	wait_for 20 ended
	job_is "$id" "$1" || fail "for $2: $(call GetJob s "$id")"
}
