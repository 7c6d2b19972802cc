#compdef nexus-backup
# Completion of nexus-backup in zsh: the program itself tells what there is.
local -a verbs options valued
local word text
while IFS=$'\t' read -r word text; do
	case $word in
	-*=) valued+=("${word}:${text}") ;; # no space behind it: its value follows
	-*) options+=("${word}:${text}") ;;
	*) verbs+=("${word}:${text}") ;;
	esac
done < <(nexus-backup __complete "${(@)words[2,CURRENT-1]}" 2>/dev/null)
if [[ $PREFIX == -* ]]; then
	_describe -o option options -- valued -S ''
elif (( $#verbs )); then
	_describe command verbs
else
	_files
fi
