# shellcheck shell=bash
# Completion of davit's command line, for bash. It asks davit itself, so that it never knows less than davit does.

_davit() {
    local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]} words
    COMPREPLY=()
    if ((COMP_CWORD == 1)) || [[ $first == help && $COMP_CWORD -eq 2 ]]; then
        words=$(davit help 2>/dev/null | sed -n 's/^ *davit \([a-z][a-z-]*\)  .*/\1/p')
    elif [[ $word == -* ]]; then
        words=$(davit help "$first" 2>/dev/null | grep -o -e '--[a-z][a-z-]*')
    else
        # The second words of its synopsis, such as 'status' and 'stop', and files.
        words=$(davit help "$first" 2>/dev/null | sed -n "s/^davit $first \([a-z][a-z]*\)\( .*\)\?$/\1/p")
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word" | sort -u)
}
complete -o filenames -F _davit davit
