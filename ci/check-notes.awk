# The judge of ci/check-notes: reads sources.md, then the hwdb files, and prints each fault as
# "file:line: what is wrong". Exit status 1 if there is any.

function complain(where, what) {
	print where ": " what
	faults++
}

function here() {
	return FILENAME ":" FNR
}

function words(text, list) {
	return split(text, list, " ")
}

# What stands in a field of a pattern, "" when it has a wildcard there or lacks it.
function literal(pattern, field,    at, rest) {
	at = index(pattern, ":" field)
	if (!at)
		return ""
	rest = substr(pattern, at + length(field) + 1)
	sub(/:.*/, "", rest)
	return rest ~ /[*?[]/ ? "" : rest
}

# Whether no PC can match both: they name one field in two ways. Sound, as a modalias has each
# field once and no ':' in it; what it can't tell apart counts as overlapping.
function apart(a, b,    i) {
	if (class[a] != class[b])
		return 1
	for (i = 1; i <= 3; i++)
		if (part[a, i] != "" && part[b, i] != "" && part[a, i] != part[b, i])
			return 1
	return 0
}

function check_source(where, text,    list, n, i) {
	n = words(text, list)
	for (i = 1; i <= n; i++) {
		if (!(list[i] in source))
			complain(where, "source " list[i] " is not in sources.md")
		used[list[i]] = 1
	}
}

function check_words(where, text, known, what,    list, n, i) {
	n = words(text, list)
	for (i = 1; i <= n; i++)
		if (index(" " known " ", " " list[i] " ") == 0)
			complain(where, "unknown " what " " list[i])
}

function check_value(where, name, value,    goal) {
	if (length(value) > 120)
		complain(where, name " has more than 120 bytes")
	if (name ~ /^NEXUS_(SET|ATTR)_/) {
		goal = name
		sub(/^NEXUS_(SET|ATTR)_/, "", goal)
		check_words(where, goal, goals, "goal")
		if (name ~ /^NEXUS_ATTR_/ && value !~ /^[^=]+=[^=]+$/)
			complain(where, name " is not a name, = and a value")
	} else if (name ~ /^NEXUS_SOURCE_(MODEL|KEYS|NIC|QUIRKS|SETTINGS)$/) {
		check_source(where, value)
	} else if (name == "NEXUS_MODES") {
		check_words(where, value, "bios uefi", "mode")
	} else if (name == "NEXUS_QUIRKS") {
		check_words(where, value, "none " quirks, "quirk")
	} else if (name ~ /^NEXUS_(BOOT|SETUP)_KEY$/) {
		check_words(where, value, keys, "key")
	} else if (name == "NEXUS_NIC_FIRMWARE") {
		check_words(where, value, "no wanted unknown", "state of firmware")
	} else if (name == "NEXUS_VERIFIED") {
		if (value != "no" && value !~ /^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9] [^ ]/)
			complain(where, "NEXUS_VERIFIED is neither no nor a date and a name")
	} else if (name !~ /^NEXUS_(NAME|NIC|KERNEL_ARGS)$/) {
		complain(where, "unknown property " name)
	}
}

# Name and source of a group of facts must come together.
function check_group(block, name, group, open) {
	if (((block, name) in has) && has[block, name] != open &&
	    !((block, "NEXUS_SOURCE_" group) in has))
		complain(at[block], name " has no NEXUS_SOURCE_" group)
}

function check_block(block,    i, list, n) {
	if (!patterns[block])
		return
	n = split("NAME MODES QUIRKS NIC NIC_FIRMWARE VERIFIED SOURCE_MODEL", list, " ")
	for (i = 1; block_class[block] == "nexus-firmware" && i <= n; i++)
		if (!((block, "NEXUS_" list[i]) in has))
			complain(at[block], "NEXUS_" list[i] " is missing")
	check_group(block, "NEXUS_BOOT_KEY", "KEYS", "")
	check_group(block, "NEXUS_SETUP_KEY", "KEYS", "")
	check_group(block, "NEXUS_NIC", "NIC", "unknown")
	check_group(block, "NEXUS_NIC_FIRMWARE", "NIC", "unknown")
	check_group(block, "NEXUS_QUIRKS", "QUIRKS", "none")
	n = words(goals, list)
	for (i = 1; i <= n; i++) {
		check_group(block, "NEXUS_SET_" list[i], "SETTINGS", "")
		if (((block, "NEXUS_ATTR_" list[i]) in has) && !((block, "NEXUS_SET_" list[i]) in has))
			complain(at[block], "NEXUS_ATTR_" list[i] " without NEXUS_SET_" list[i])
	}
	if ((" " has[block, "NEXUS_QUIRKS"] " ") ~ / kernel_args / && !((block, "NEXUS_KERNEL_ARGS") in has))
		complain(at[block], "NEXUS_KERNEL_ARGS is missing")
}

# Keys of its own, or of a maker's entry that no PC of this pattern can miss.
function has_keys(p,    q, b, c, prefix, own) {
	b = of[p]
	if (((b, "NEXUS_BOOT_KEY") in has) && ((b, "NEXUS_SETUP_KEY") in has))
		return 1
	own = pattern[p]
	sub(/^[^:]*:/, "", own)
	own = substr(own, index(own, ":svn"))
	for (q = 1; q <= count; q++) {
		c = of[q]
		if (class[q] != "nexus-maker" || !((c, "NEXUS_BOOT_KEY") in has) ||
		    !((c, "NEXUS_SETUP_KEY") in has))
			continue
		prefix = pattern[q]
		prefix = substr(prefix, index(prefix, ":svn"))
		sub(/\*$/, "", prefix)
		if (substr(own, 1, length(prefix)) == prefix)
			return 1
	}
	return 0
}

function compare(p, q,    i, list, n) {
	if (of[p] == of[q]) {
		if (pattern[p] == pattern[q])
			complain(line[q], "the pattern is there twice")
		return
	}
	if (apart(p, q))
		return
	n = words(names[of[p]], list)
	for (i = 1; i <= n; i++)
		if ((of[q], list[i]) in has)
			complain(line[q], "shadows " line[p] ": both say " list[i])
}

BEGIN {
	goals = "POWER_LOSS USB_BOOT AHCI WAKE_ON_LAN KEYBOARD CLOCK"
	quirks = "pmbr_active ee_second_slot ms_path_copy efi_entry kernel_args"
	keys = "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 Esc Del Enter"
	fields[1] = "svn"
	fields[2] = "pn"
	fields[3] = "pvr"
}

FILENAME ~ /sources\.md$/ {
	if (/^\| *[a-z0-9-]+ *\|/ && !/^\| *(name|---)/) {
		n = split($0, cells, / *\| */)
		if (cells[2] in source)
			complain(here(), "source " cells[2] " is there twice")
		source[cells[2]] = here()
		if (n != 6 || cells[3] == "" || cells[4] !~ /^https?:\/\/[^ ]+$/ || cells[5] == "")
			complain(here(), "source " cells[2] " has no title, address or scope")
	}
	next
}

FNR == 1 { open = 0 }

/^$/ {
	open = 0
	next
}

/^#/ { next }

/#/ { complain(here(), "a # within a line: the value would be cut") }

/^[^ ]/ {
	if (open != 1) {
		block++
		at[block] = here()
		open = 1
	}
	if ($0 !~ /^nexus-(firmware|maker):dmi:[!-~]*:svn[!-~]+$/) {
		complain(here(), "not a pattern of this format")
		next
	}
	count++
	pattern[count] = $0
	line[count] = here()
	of[count] = block
	class[count] = $0
	sub(/:.*/, "", class[count])
	block_class[block] = class[count]
	patterns[block]++
	for (i = 1; i <= 3; i++)
		part[count, i] = literal($0, fields[i])
	next
}

/^ [A-Z][A-Z_]*=./ {
	if (!open)
		complain(here(), "a property without a pattern")
	open = 2
	name = substr($0, 2, index($0, "=") - 2)
	value = substr($0, index($0, "=") + 1)
	if ((block, name) in has)
		complain(here(), name " is there twice")
	has[block, name] = value
	names[block] = names[block] " " name
	check_value(here(), name, value)
	next
}

{ complain(here(), "not a line of this format") }

END {
	for (b = 1; b <= block; b++) {
		check_block(b)
		if ((b, "NEXUS_NAME") in has)
			models++
	}
	for (p = 1; p <= count; p++) {
		if (class[p] == "nexus-firmware" && !has_keys(p))
			complain(line[p], "no keys, neither here nor of the maker")
		for (q = p + 1; q <= count; q++)
			compare(p, q)
	}
	for (s in source)
		if (!(s in used))
			complain(source[s], "nothing uses source " s)
	if (!models)
		complain(FILENAME, "no model at all")
	printf "%d models, %d patterns, %d faults\n", models, count, faults
	exit faults != 0
}
