# The judge of ci/check-layers: reads ARCHITECTURE.md, then the lists of facts in the folder
# work, and prints each breach as "path:line: what is wrong". Exit status 1 if there is any.

function complain(where, what) {
	print where ": " what
	breaches++
}

# "| a | b c |" -> cells[1] = "a", cells[2] = "b c".
function read_row(line, cells) {
	gsub(/^\| *| *\|$/, "", line)
	return split(line, cells, / *\| */)
}

# The room of a file: the longest room name that is a folder above it; "" if none.
function room_of(path,    folder) {
	folder = path
	sub(/^lib\//, "", folder)
	while (sub(/\/[^\/]*$/, "", folder))
		if (folder in allowed)
			return folder
	return ""
}

# The file without its folder and ending: x.c and x.h are one thing.
function stem_of(path) {
	sub(/^.*\//, "", path)
	sub(/\.[ch]$/, "", path)
	return path
}

# Where an include in quotes leads: a path of the tree, or "".
function resolve(from, name,    beside) {
	if (("lib/" name) in is_file)
		return "lib/" name
	if (name in is_file)
		return name
	beside = from
	sub(/[^\/]*$/, "", beside)
	return (beside name) in is_file ? beside name : ""
}

function check_own(where, from, name,    to, room, other) {
	to = resolve(from, name)
	room = room_of(from)
	if (to == "") {
		complain(where, "\"" name "\" is not a header of this tree")
		return
	}
	other = room_of(to)
	if (other == room) {
		if (stem_of(from) != stem_of(to))
			add_edge(room, room "/" stem_of(from), room "/" stem_of(to))
		return
	}
	if (index(" " allowed[room] " ", " " other " ") == 0)
		complain(where, room " may not include " other " (\"" name "\")")
}

# Whether a room is one of those in a list, or a sub-room of one.
function is_within(room, rooms,    list, count, i) {
	count = split(rooms, list, " ")
	for (i = 1; i <= count; i++)
		if (index(room "/", list[i] "/") == 1)
			return 1
	return 0
}

function check_outside(where, from, name,    library, room) {
	room = room_of(from)
	for (library in wrapper)
		if (name == library || name == library ".h" || index(name, library "/") == 1) {
			if (!is_within(room, wrapper[library]))
				complain(where, "only " wrapper[library] " may include <" name \
					">, not " room)
			return
		}
	if (!(name in system_header))
		complain(where, "<" name "> is in no row of the table of outside libraries")
}

function add_edge(group, from, to) {
	if (!((from, to) in edge)) {
		edge[from, to] = 1
		next_of[from] = next_of[from] " " to
		if (!(from in group_of))
			nodes[++node_count] = from
		group_of[from] = group
	}
}

# Depth first; state 1: on the path, 2: done. Prints each circle once.
function visit(node, path,    list, count, i) {
	state[node] = 1
	count = split(next_of[node], list, " ")
	for (i = 1; i <= count; i++) {
		if (state[list[i]] == 1)
			complain(group_of[node], "a knot: " \
				substr(path, index(path, " " list[i] " ") + 1) "-> " list[i])
		else if (!state[list[i]])
			visit(list[i], path "-> " list[i] " ")
	}
	state[node] = 2
}

/^\| *room *\|/ { table = "rooms"; next }
/^\| *library *\|/ { table = "libraries"; next }
/^\|-/ { next }
!/^\|/ { table = ""; next }
table == "rooms" {
	read_row($0, cell)
	allowed[cell[1]] = cell[2] == "-" ? "" : cell[2]
}
table == "libraries" {
	read_row($0, cell)
	count = split(cell[1], names, /, */)
	for (i = 1; i <= count; i++)
		wrapper[names[i]] = cell[2]
}

END {
	for (room in allowed) {
		count = split(allowed[room], list, " ")
		for (i = 1; i <= count; i++) {
			if (!(list[i] in allowed))
				complain("ARCHITECTURE.md", "row " room ": no room " list[i])
			add_edge("ARCHITECTURE.md", "row:" room, "row:" list[i])
		}
	}
	while ((getline line < (work "/system")) > 0)
		system_header[line] = 1
	while ((getline line < (work "/readmes")) > 0)
		has_readme[line] = 1
	while ((getline line < (work "/files")) > 0) {
		is_file[line] = 1
		room = room_of(line)
		if (room == "")
			complain(line, "its folder is in no row of the layer table")
		files++
		if (line ~ /\.c$/)
			sources[room]++
	}
	while ((getline line < (work "/lines")) > 0) {
		split(line, fact, " ")
		limit = fact[1] ~ /\.c$/ ? 600 : 150
		if (fact[2] > limit)
			complain(fact[1], fact[2] " lines; at most " limit)
	}
	while ((getline line < (work "/functions")) > 0) {
		split(line, fact, " ")
		if (fact[3] > 60)
			complain(fact[1] ":" fact[2], fact[4] " has " fact[3] " lines; at most 60")
	}
	for (room in sources) {
		rooms++
		if (sources[room] > 12)
			complain(room, sources[room] " sources; at most 12 in a room")
		if (room != "" && !((room "/README.md") in has_readme) &&
			!(("lib/" room "/README.md") in has_readme))
			complain(room, "a room without README.md")
	}
	while ((getline line < (work "/includes")) > 0) {
		match(line, /^[^:]*:[0-9]+:/)
		where = substr(line, 1, RLENGTH - 1)
		from = where
		sub(/:.*/, "", from)
		if (match(line, /"[^"]*"/))
			check_own(where, from, substr(line, RSTART + 1, RLENGTH - 2))
		else if (match(line, /<[^>]*>/))
			check_outside(where, from, substr(line, RSTART + 1, RLENGTH - 2))
		else
			complain(where, "an include that is neither \"...\" nor <...>")
	}
	for (i = 1; i <= node_count; i++)
		if (!state[nodes[i]])
			visit(nodes[i], " " nodes[i] " ")
	if (!files)
		complain("ARCHITECTURE.md", "no sources beside it")
	if (!breaches)
		printf "%d files in %d rooms: nothing outside the tables, no knot\n", files, rooms
	exit breaches > 0
}
