# shellcheck shell=bash disable=SC2054  # qemu's options have commas
# Virtual machines for the demo and the VM tests: sourced, not run. A machine is a folder: serial.log, qmp, pid.
#
#   vm_new NAME [FOLDER]           makes the machine's folder (below $T or FOLDER)
#   vm_start NAME OPTION...        starts it:
#     --firmware bios|uefi|sb      SeaBIOS (default), OVMF, OVMF with Secure Boot enforced
#     --stick IMAGE                a USB stick on USB 3; booted first
#     --disk IMAGE                 an internal disk; --disk-bus ahci (default) or virtio
#     --disk-nbd SOCKET            one that a network block device server has, with a write cache
#     --words SOCKET               a second serial port, connected to that socket
#     --clock TIME                 what its clock says at the start, as 2001-01-01T00:00:00
#     --memory MIB (2048)  --cpus N (2)
#     --ssh PORT                   forwards 127.0.0.1:PORT to the guest's port 22; nothing else goes in or out
#     --second IMAGE               one disk more (virtio)
#     --kernel FOLDER LINE         starts FOLDER/vmlinuz with FOLDER/initrd.img and that command line, without a boot loader; a
#                                  restart ends the machine
#     --serve FOLDER LOG           the guest finds that folder at http://10.0.2.100/ (see serve-ranges)
#     --credential NAME FILE       hands systemd a credential (SMBIOS): extra units, keys
#     --stick-error SECTOR         reading that sector of the stick fails, as when it is pulled
#     --disk-error SECTOR          writing that sector of the disk fails
#     --keep-changes no            the images stay as they are (snapshot)
#   vm_wait NAME PATTERN SECONDS   waits until the serial console shows a line that matches (extended regular expression)
#   vm_serial NAME                 the serial console so far, without terminal control
#   vm_wait_off NAME SECONDS       waits until it has powered itself off
#   vm_power NAME [SECONDS]        presses the power button, and waits
#   vm_plug NAME ID IMAGE          plugs in a USB disk that can only be read
#   vm_unplug NAME ID              pulls a USB device out; the stick's ID is "stick"
#   vm_qmp NAME JSON               one QMP command; prints the answer
#   vm_kill NAME                   pulls the plug: SIGKILL by pid; vm_kill_all does so for every machine of this shell
#   vm_disk IMAGE SIZE             an empty sparse disk image
#
# Functions return 1 with one sentence on stderr when what they wait for doesn't come.

vm_names=()
declare -A vm_folder

vm_new() {
	local name=$1 parent=${2:-${T:?}}
	vm_folder[$name]=$parent/vm-$name
	rm -rf "${vm_folder[$name]}"
	mkdir -p "${vm_folder[$name]}"
	vm_names+=("$name")
}

vm_disk() {
	rm -f "$1"
	truncate -s "$2" "$1"
}

# KVM counts only if a guest really runs in it. In some sandboxes /dev/kvm is there without the processor's help: it runs
# a few real-mode instructions and then hangs in a system's boot.
vm_accel() {
	if [ -z "${vm_accel_found:-}" ]; then
		vm_accel_found=tcg
		if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo && vm_kvm_runs; then
			vm_accel_found=kvm
		fi
	fi
	printf '%s' "$vm_accel_found"
}

# A boot sector that only writes to the debug exit port; qemu then ends with code 3.
vm_kvm_runs() {
	local probe code=0
	probe=$(mktemp)
	printf '\xb0\x01\xe6\xf4\xf4' >"$probe"
	truncate -s 510 "$probe"
	printf '\x55\xaa' >>"$probe"
	timeout 10 qemu-system-x86_64 -accel kvm -display none -monitor none -serial none -nic none -m 64 \
		-device isa-debug-exit,iobase=0xf4,iosize=1 -drive file="$probe",format=raw,if=ide,snapshot=on \
		>/dev/null 2>&1 || code=$?
	rm -f "$probe"
	[ "$code" -eq 3 ]
}

vm_start() {
	local name=$1 firmware=bios stick='' disk='' nbd='' words='' bus=ahci memory=2048 cpus=2 ssh='' stick_error='' disk_error='' keep=yes
	local serve='' second='' kernel='' line='' clock=''
	local folder=${vm_folder[$1]} smbios=type=11 credentials=no args=() value
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--firmware) firmware=$2 ;;
		--stick) stick=$2 ;;
		--disk) disk=$2 ;;
		--disk-bus) bus=$2 ;;
		--disk-nbd) nbd=$2 ;;
		--words) words=$2 ;;
		--clock) clock=$2 ;;
		--memory) memory=$2 ;;
		--cpus) cpus=$2 ;;
		--ssh) ssh=$2 ;;
		--stick-error) stick_error=$2 ;;
		--disk-error) disk_error=$2 ;;
		--keep-changes) keep=$2 ;;
		--second) second=$2 ;;
		--kernel)
			kernel=$2 line=$3
			shift
			;;
		--serve)
			serve="$SRC/tests/vm/serve-ranges $2 $3"
			shift
			;;
		--credential)
			value=$(base64 -w0 "$3")
			smbios+=",value=io.systemd.credential.binary:$2=$value"
			credentials=yes
			shift
			;;
		*)
			echo "vm_start: unknown option $1" >&2
			return 1
			;;
		esac
		shift 2
	done
	vm_args_machine
	vm_args_firmware || return 1
	[ -z "$stick" ] || vm_args_stick
	[ -z "$disk$nbd" ] || vm_args_disk
	[ -z "$words" ] || args+=(-chardev "socket,id=words,path=$words" -serial chardev:words)
	[ -z "$second" ] || args+=(-drive "if=none,id=second,format=raw,file=$second" -device virtio-blk-pci,drive=second)
	[ -z "$kernel" ] || args+=(-kernel "$kernel/vmlinuz" -initrd "$kernel/initrd.img" -append "$line" -no-reboot)
	vm_args_network
	rm -f "$folder/serial.log" "$folder/qmp"
	qemu-system-x86_64 "${args[@]}" </dev/null >"$folder/qemu.log" 2>&1 &
	printf '%s\n' "$!" >"$folder/pid"
	vm_wait_started "$folder"
}

# Fills args, a local of vm_start, as the three after it do. The AMD model spares an emulated guest the page table
# switches that Intel's need; without cx16, guests have crashed in TCG. AVX is what the oldest PCs lack, and to emulate
# it costs OpenSSL in the guest more than it gains (measured: a check of all data takes 48 s with it, 31 s without).
vm_args_machine() {
	args+=(-smp "$cpus" -m "$memory" -display none -monitor none -no-user-config
		-chardev "file,id=serial,path=$folder/serial.log" -serial chardev:serial
		-qmp "unix:$folder/qmp,server=on,wait=off" -device qemu-xhci,id=usb)
	if [ "$(vm_accel)" = kvm ]; then
		args+=(-accel kvm -cpu host)
	else
		args+=(-accel "tcg,thread=multi" -cpu "EPYC,-cx16,-avx,-avx2")
	fi
	[ -z "$clock" ] || args+=(-rtc "base=$clock")
	[ "$credentials" = no ] || args+=(-smbios "$smbios")
}

vm_args_firmware() {
	local share=/usr/share/OVMF code vars
	case $firmware in
	bios)
		args+=(-machine q35)
		return
		;;
	uefi)
		args+=(-machine q35,smm=off)
		code=OVMF_CODE_4M.fd vars=OVMF_VARS_4M.fd
		;;
	sb)
		args+=(-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on)
		code=OVMF_CODE_4M.ms.fd vars=OVMF_VARS_4M.ms.fd
		;;
	*)
		echo "vm_start: unknown firmware $firmware" >&2
		return 1
		;;
	esac
	# The variables are the PC's memory: they outlive a restart of the machine.
	[ -e "$folder/$firmware.vars" ] || cp "$share/$vars" "$folder/$firmware.vars"
	args+=(-drive "if=pflash,format=raw,unit=0,readonly=on,file=$share/$code"
		-drive "if=pflash,format=raw,unit=1,file=$folder/$firmware.vars")
}

# vm_drive ID IMAGE EVENT SECTOR: a drive whose EVENT (read or write) of SECTOR fails with an I/O error.
vm_drive() {
	local id=$1 image=$2 event=$3 sector=$4 file
	file="driver=file,filename=$image"
	if [ -n "$sector" ]; then
		printf '[inject-error]\nevent = "%s_aio"\nerrno = "5"\nsector = "%s"\nonce = "off"\n' "$event" "$sector" \
			>"$folder/$id.blkdebug"
		file="driver=raw,file.driver=blkdebug,file.config=$folder/$id.blkdebug,file.image.driver=file"
		file+=",file.image.filename=$image"
		args+=(-drive "if=none,id=$id,$file,snapshot=$snapshot,cache=writeback,werror=report,rerror=report")
	else
		args+=(-drive "if=none,id=$id,format=raw,file=$image,snapshot=$snapshot,cache=writeback")
	fi
}

vm_args_stick() {
	local snapshot=off
	[ "$keep" = yes ] || snapshot=on
	vm_drive stick "$stick" read "$stick_error"
	args+=(-device usb-storage,id=stick,bus=usb.0,drive=stick,removable=on,serial=NEXUSSTICK,bootindex=0)
}

vm_args_disk() {
	local snapshot=off
	[ "$keep" = yes ] || snapshot=on
	if [ -n "$nbd" ]; then
		args+=(-blockdev "driver=nbd,node-name=disk,server.type=unix,server.path=$nbd")
	else
		vm_drive disk "$disk" write "$disk_error"
	fi
	case $bus in
	virtio) args+=(-device virtio-blk-pci,drive=disk,serial=NEXUSDISK,bootindex=1) ;;
	*) args+=(-device ide-hd,bus=ide.0,drive=disk,serial=NEXUSDISK,bootindex=1) ;;
	esac
}

# The guest reaches nothing, not even the host, but the one program of --serve; only the forwarded port reaches it.
vm_args_network() {
	local net=user,restrict=on
	[ -z "$serve" ] || net+=",guestfwd=tcp:10.0.2.100:80-cmd:$serve"
	[ -z "$ssh" ] || net+=",hostfwd=tcp:127.0.0.1:$ssh-:22"
	args+=(-nic "$net,model=virtio-net-pci")
}

vm_wait_started() {
	local folder=$1 tries=100
	while [ ! -S "$folder/qmp" ]; do
		tries=$((tries - 1))
		if [ "$tries" -eq 0 ] || ! kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
			echo "qemu did not start: $(grep -v 'warning:' "$folder/qemu.log" | tail -n 1)" >&2
			return 1
		fi
		sleep 0.1
	done
}

vm_serial() {
	sed -e 's/\x1b\[[0-9;?=]*[A-Za-z]//g' -e 's/\x1b[()][A-Z0-9]//g' -e 's/\r//g' "${vm_folder[$1]}/serial.log" 2>/dev/null |
		tr -d '\000-\010\013-\037'
}

vm_running() {
	kill -0 "$(cat "${vm_folder[$1]}/pid" 2>/dev/null)" 2>/dev/null
}

# On a terminal the last line of the console is shown while waiting.
vm_wait() {
	local name=$1 pattern=$2 limit=$3 begun=$SECONDS
	until vm_serial "$name" | grep -qE -- "$pattern"; do
		if ! vm_running "$name"; then
			vm_serial "$name" | grep -qE -- "$pattern" && break
			echo "machine $name ended while waiting for: $pattern" >&2
			return 1
		fi
		if [ $((SECONDS - begun)) -ge "$limit" ]; then
			[ ! -t 1 ] || printf '\r\033[K'
			echo "machine $name did not show within $limit s: $pattern" >&2
			return 1
		fi
		[ ! -t 1 ] || printf '\r\033[K%4d s  %.90s' $((SECONDS - begun)) "$(vm_serial "$name" | grep . | tail -n 1)"
		sleep 0.5
	done
	[ ! -t 1 ] || printf '\r\033[K'
}

vm_wait_off() {
	local name=$1 limit=$2 begun=$SECONDS
	while vm_running "$name"; do
		if [ $((SECONDS - begun)) -ge "$limit" ]; then
			echo "machine $name did not power off within $limit s" >&2
			return 1
		fi
		sleep 0.5
	done
	wait "$(cat "${vm_folder[$name]}/pid")" 2>/dev/null || true
}

vm_qmp() {
	python3 - "${vm_folder[$1]}/qmp" "$2" <<-'END'
	import json, socket, sys
	channel = socket.socket(socket.AF_UNIX)
	channel.settimeout(10)
	channel.connect(sys.argv[1])
	stream = channel.makefile("rw")
	stream.readline()
	for request in ('{"execute": "qmp_capabilities"}', sys.argv[2]):
	    stream.write(request + "\n")
	    stream.flush()
	    answer = json.loads(stream.readline())
	    while "event" in answer:
	        answer = json.loads(stream.readline())
	print(json.dumps(answer))
	sys.exit(0 if "return" in answer else 1)
	END
}

vm_power() {
	vm_qmp "$1" '{"execute": "system_powerdown"}' >/dev/null && vm_wait_off "$1" "${2:-90}"
}

vm_plug() {
	vm_qmp "$1" "$(jq -nc --arg id "$2" --arg file "$3" '{execute: "blockdev-add", arguments: {driver: "raw",
		"node-name": $id, "read-only": true, file: {driver: "file", filename: $file}}}')" >/dev/null
	vm_qmp "$1" "$(jq -nc --arg id "$2" '{execute: "device_add", arguments: {driver: "usb-storage", id: $id,
		bus: "usb.0", drive: $id}}')" >/dev/null
}

vm_unplug() {
	vm_qmp "$1" "$(jq -nc --arg id "$2" '{execute: "device_del", arguments: {id: $id}}')" >/dev/null
}

vm_kill() {
	local pid
	pid=$(cat "${vm_folder[$1]}/pid" 2>/dev/null) || return 0
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

vm_kill_all() {
	local name
	for name in "${vm_names[@]}"; do
		vm_kill "$name"
	done
}
