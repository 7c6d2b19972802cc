# shellcheck shell=bash
# What lies beside the image: the report, the bill of materials, the hashes.

step_report() {
	report_packages
	report_json
	report_sbom
	report_times
	(cd "$partial" && sha256sum report.json sbom.json usb.img >SHA256SUMS)
}

# $work/packages.json: what is in the image, with the hash of the .deb where a lock names it.
report_packages() {
	cat "$work/packages.txt" "$cache/$base_entry/boot/packages.txt" | LC_ALL=C sort -u |
		in_tools jq -R -n --rawfile lock /making/packages.lock '
			($lock | split("\n") | map(select(test("^(base|boot)\t")) | split("\t") | {(.[1:4] | join(" ")): .[4]}) | add // {}) as $sums |
			[inputs | split("\t") | {name: .[0], version: .[1], architecture: .[2]} |
				. + ($sums[[.name, .version, .architecture] | join(" ")] | if . then {sha256: .} else {} end)]' >"$work/packages.json"
}

# times.json: how long each step took.
report_times() {
	printf '%s\n' "${ui_timings[@]}" | in_tools jq -R -n '[inputs | split(" ") | {(.[0]): (.[1] | tonumber)}] | add |
		{schema: "nexus.build-times/1", seconds: .}' >"$partial/times.json"
}

# report.json: what was built, of what, how large.
report_json() {
	in_root /making/root dpkg-query -W -f '${Package}\t${Installed-Size}\n' | in_tools jq -R -n '
		[inputs | split("\t") | {(.[0]): (.[1] | tonumber? // 0)}] | add' >"$work/sizes.json"
	image_json_head | in_tools jq --arg title "$distro_title" --arg flavour "$flavour" --arg archive "$report_archive" \
		--argjson usb "$(image_part "$partial/usb.img")" --argjson kernel "$(image_part "$work/kernel.img")" \
		--argjson root "$(image_part "$work/root.img")" --argjson esp "$(image_part "$work/esp.img")" \
		--argjson bios "$(image_part "$work/core.img")" --arg left_out "$report_left_out" \
		--slurpfile packages /making/packages.json --slurpfile sizes /making/sizes.json '
		.schema = "nexus.build-report/1" | . + {title: $title,
		flavour: $flavour, archive: $archive, usb: $usb, kernel: $kernel, root: $root, esp: $esp, bios: $bios,
		left_out: ($left_out | split("\n") | map(select(. != ""))),
		packages: ($packages[0] | map(. + ($sizes[0][.name] | if . then {installed_kib: .} else {} end)))}' \
		>"$partial/report.json"
}

# sbom.json: CycloneDX 1.5. Two builds of the same have the same; its serial number is made of what it lists.
report_sbom() {
	in_tools jq -n --slurpfile packages /making/packages.json --arg distro "$distro_name" --arg suite "$distro_suite" \
		--arg version "$version" --arg usb "$(sha256_of "$partial/usb.img")" \
		--arg serial "$(uuid_of sbom "$(sha256_of "$work/packages.json")" "$(sha256_of "$partial/usb.img")")" \
		--arg time "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" '
		{bomFormat: "CycloneDX", specVersion: "1.5", serialNumber: "urn:uuid:\($serial)", version: 1,
		metadata: {timestamp: $time, component: {type: "operating-system", "bom-ref": "nexus", name: "nexus", version: $version,
			hashes: [{alg: "SHA-256", content: $usb}]}},
		components: [$packages[0][] |
			"pkg:deb/\($distro)/\(.name | @uri)@\(.version | @uri)?arch=\(.architecture)&distro=\($suite)" as $purl |
			{type: "library", "bom-ref": $purl, name, version, purl: $purl} +
			(if .sha256 then {hashes: [{alg: "SHA-256", content: .sha256}]} else {} end)],
		dependencies: [{ref: "nexus", dependsOn: [$packages[0][] |
			"pkg:deb/\($distro)/\(.name | @uri)@\(.version | @uri)?arch=\(.architecture)&distro=\($suite)"]}]}' >"$partial/sbom.json"
}
