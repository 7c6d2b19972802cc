#!/bin/bash
# Each verb and each option of nexus-backup is offered by completion, told by the help, and stands
# in the man page: all of them come from one table, or are held against it here.
# timeout: 300
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
# The other shells, each at a terminal: what its Tab makes of the beginning of a line.
cat >"$T/tab.py" <<'END'
import os, pty, select, signal, sys, time

shell, start, line, wanted = sys.argv[1:]
words = {"zsh": ["zsh", "-f", "-i"], "fish": ["fish", "--private", "--no-config", "-i"]}[shell]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", HOME=os.environ["T"], XDG_DATA_HOME=os.environ["T"])
    os.execvp(words[0], words)


def read_until(text, seconds):
    seen, end = "", time.monotonic() + seconds
    while time.monotonic() < end and text not in seen:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                seen += os.read(fd, 65536).decode(errors="replace")
            except OSError:
                break
    return seen


# What the shell prints is in two pieces, so that the echo of the command is not taken for it.
os.write(fd, (start + "; echo rea''dy\r").encode())
seen = read_until("ready\r\n", 60)
os.write(fd, (line + "\t").encode())
more = read_until(wanted, 60)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
if wanted not in more:
    sys.exit(f"{shell} does not make '{wanted}' of '{line}': {seen!r} {more!r}")
END
mkdir "$T/zsh"
cp "$SRC/docs/nexus-backup.zsh" "$T/zsh/_nexus-backup"
declare -A start=(
	[zsh]="fpath=($T/zsh \$fpath); autoload -Uz compinit; compinit -u -D"
	[fish]="source '$SRC/docs/nexus-backup.fish'"
)
for shell in zsh fish; do
	if ! command -v $shell >/dev/null; then
		echo "skipped: $shell is not installed"
		continue
	fi
	while IFS='>' read -r line wanted; do
		python3 "$T/tab.py" $shell "${start[$shell]}" "$line" "$wanted" || die "$shell: $line"
	done <<'END'
nexus-backup sn>nexus-backup snapshots
nexus-backup ls --rec>--recursive
nexus-backup forget --keep-within-y>--keep-within-yearly=
END
	echo "ok: $shell"
done
# Behind an option's = comes its value, and no space.
if command -v zsh >/dev/null; then
	python3 "$T/tab.py" zsh "${start[zsh]}; bindkey -s '!' '\\C-ivalue'" 'nexus-backup ls --hos!' \
		'--host=value' || die "a space behind --host="
fi
echo "ok: ${#verbs[@]} verbs, $count options"
