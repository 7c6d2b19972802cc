# Completion of nexus-backup in fish: the program itself tells what there is.
function __nexus_backup_words
    set -l words (commandline -opc)
    nexus-backup __complete $words[2..] 2>/dev/null
end
complete -c nexus-backup -n 'not string match -q -- "-*" (commandline -ct)' -F
complete -c nexus-backup -a '(__nexus_backup_words)'
