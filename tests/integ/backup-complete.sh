#!/bin/bash
# Each verb and each option of nexus-backup is offered by completion, told by the help, and stands
# in the man page: all of them come from one table, or are held against it here.
# parallel: yes
set -u
export PATH=$BUILD/backup:$PATH LC_ALL=C
die() {
	echo "FAIL: $*" >&2
	exit 1
}
man=$SRC/docs/nexus-backup.1
mapfile -t verbs < <(nexus-backup __complete | cut -f 1 | grep -v '^-')
[ ${#verbs[@]} -gt 15 ] || die "only ${#verbs[@]} verbs"
. "$SRC/docs/nexus.bash"
# offered WORD...: what bash would offer behind the words, the last of which is begun.
offered() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_nexus 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}
compopt() { :; }
count=0
for verb in "${verbs[@]}"; do
	grep -qE "^\\.It Cm $verb( |\$)" "$man" || die "verb $verb is not in the man page"
	offered nexus-backup "$verb" | grep -qx "$verb" || die "bash does not offer $verb"
	offers=$(offered nexus-backup "$verb" --)
	help=$(nexus-backup "$verb" --help)
	while read -r option; do
		name=${option%=}
		grep -qx -e "$option" <<<"$offers" || die "bash does not offer $verb $option"
		grep -qe "$name" <<<"$help" || die "$verb $name is not in the help"
		grep -qE -e "Fl -${name#--}( |\$)" "$man" || die "$name of $verb is not in the man page"
		count=$((count + 1))
	done < <(nexus-backup __complete "$verb" | cut -f 1 | grep '^-')
done
[ "$count" -gt 100 ] || die "only $count options"
# The other shells, where they are.
if command -v fish >/dev/null; then
	fish -c "source '$SRC/docs/nexus-backup.fish'; complete -C 'nexus-backup sn'" |
		grep -q '^snapshots' || die "fish does not offer snapshots"
	fish -c "source '$SRC/docs/nexus-backup.fish'; complete -C 'nexus-backup ls --rec'" |
		grep -q '^--recursive' || die "fish does not offer --recursive"
fi
if command -v zsh >/dev/null; then
	zsh -n "$SRC/docs/nexus-backup.zsh" || die "zsh can't read its script"
fi
echo "ok: ${#verbs[@]} verbs, $count options"
