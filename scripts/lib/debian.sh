# shellcheck shell=bash disable=SC2154 # Sourced after common.sh.
# Packages of any suite of Debian, whatever this machine runs: an apt of its own with an index of its own, nothing installed.
# Sourced after common.sh.

debian_home=$davit_cache/debian
debian_mirror=${DAVIT_DEBIAN_MIRROR:-http://deb.debian.org}
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# debian SUITE TOOL ARGUMENT...: an apt tool that knows this suite of Debian and nothing else.
debian() {
    local home=$debian_home/apt/$1 suite=$1
    if [[ ! -e $home/fresh ]]; then
        mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
        echo "deb [signed-by=$debian_keyring] $debian_mirror/debian $suite main" >"$home/sources.list"
        # Nothing counts as installed, or the candidate could be one of a suite that is not known here.
        : >"$home/status"
        retry "the index of Debian $suite" apt_tool "$suite" apt-get -o APT::Update::Error-Mode=any update >/dev/null ||
            return 1
        touch "$home/fresh"
    fi
    apt_tool "$@"
}

# apt_tool SUITE TOOL ARGUMENT...: the same, with whatever index there is.
apt_tool() {
    local home=$debian_home/apt/$1 tool=$2
    shift 2
    "$tool" --quiet=2 -o Acquire::Retries=3 -o Dir::Etc::sourcelist="$home/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$home/lists" -o Dir::State::status="$home/status" -o Dir::Cache="$home/cache" -o Acquire::Languages=none \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# unpacked SUITE PACKAGE[=VERSION] DIRECTORY: the content of a Debian package, nothing of it installed.
unpacked() {
    local debs=$debian_home/debs/${2%%=*}
    # What an earlier run fetched may be of another version.
    rm -rf "$debs"
    mkdir -p "$debs"
    (cd "$debs" && retry "fetching $2" downloaded "$1" "$2") >/dev/null || return 1
    dpkg -x "$debs"/*.deb "$3"
}

# downloaded SUITE PACKAGE[=VERSION]: a package, into this directory; the index is fetched anew when it leads nowhere.
downloaded() {
    if debian "$1" apt-get download "$2"; then return 0; fi
    rm -f "$debian_home/apt/$1/fresh"
    return 1
}

# libraries DIRECTORY PACKAGES PROGRAM...: leaves in DIRECTORY the libraries that the programs need, and theirs, out of
# the packages unpacked in PACKAGES.
libraries() {
    local directory=$1 packages=$2 found=1 file library
    shift 2
    while ((found)); do
        found=0
        for file in "$@" "$directory"/*; do
            [[ -f $file ]] || continue
            while read -r library; do
                if [[ -e $directory/$library ]]; then continue; fi
                found=$(find "$packages" -name "$library" | head -n 1)
                if [[ -z $found ]]; then
                    warn "no package has $library, which ${file##*/} needs"
                    return 1
                fi
                cp -L "$found" "$directory/$library"
                found=1
            done < <(objdump -p "$file" | awk '$1 == "NEEDED" { print $2 }')
        done
    done
}
