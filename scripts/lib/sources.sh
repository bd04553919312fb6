# shellcheck shell=bash disable=SC2154 # Sourced after common.sh.
# Fetches Debian's source packages with an apt configuration of its own, so that the system's stays as it is.

davit_mirror=${DAVIT_DEBIAN_MIRROR:-http://deb.debian.org}
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# private_apt SUITE COMMAND...: runs an apt command that knows SUITE's source packages and nothing else.
private_apt() {
    APT_CONFIG=$davit_cache/apt/$1/apt.conf "$2" "${@:3}"
}

# configure_apt SUITE: of the system's configuration only how it fetches is taken, such as its proxy and
# how old a mirror may be; its hooks belong to its own updates. Signatures are checked whatever it says.
# Error-Mode: else an unreachable mirror is only a warning, and yesterday's index is used.
configure_apt() {
    local suite=$1 home=$davit_cache/apt/$1 archive=debian
    if [[ $suite == *-security ]]; then archive=debian-security; fi
    mkdir -p "$home/lists/partial" "$home/cache/archives/partial" "$home/empty"
    echo "deb-src [signed-by=$debian_keyring] $davit_mirror/$archive $suite main" >"$home/sources.list"
    # A proxy's address may hold a password.
    (umask 077 && : >"$home/apt.conf")
    {
        apt-config dump | grep '^Acquire::' | grep -v '^Acquire::\(IndexTargets\|Languages\)' || true
        cat <<CONF
Dir::Etc::parts "$home/empty";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "$home/sources.list";
Dir::Etc::sourceparts "$home/empty";
Dir::State::lists "$home/lists";
Dir::Cache "$home/cache";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "$(id -un)";
APT::Update::Error-Mode "any";
quiet "2";
CONF
    } >>"$home/apt.conf"
}

# index_suite SUITE: fetches the suite's signed index of source packages, once in a run.
declare -A indexed_suites=()
index_suite() {
    local suite=$1
    if [[ -n ${indexed_suites[$suite]-} ]]; then return 0; fi
    configure_apt "$suite"
    retry "the index of Debian $suite" logged "$davit_cache/log/sources" \
        private_apt "$suite" apt-get update || return 1
    indexed_suites[$suite]=yes
}

# fetch_source PACKAGE MINIMUM SUITE...: leaves the newest version of the first suite that has at least
# MINIMUM in the cache, with its checksums, and prints nothing that is not for people.
fetch_source() {
    local package=$1 minimum=$2 suite version
    shift 2
    local kept=$davit_cache/sources/$package
    if [[ -e $kept/SHA256SUMS ]]; then
        if (cd "$kept" && sha256sum --quiet --check SHA256SUMS); then return 0; fi
        warn "the cached source package of $package is damaged; it is fetched again"
    fi
    rm -rf "$kept" "$kept.part"
    for suite in "$@"; do
        say "fetching the source package of $package (Debian $suite)"
        index_suite "$suite" || continue
        version=$(private_apt "$suite" apt-cache showsrc --only-source "$package" |
            sed -n 's/^Version: //p' | sort -V | tail -n 1) || version=
        if [[ -z $version ]] || dpkg --compare-versions "$version" lt "$minimum"; then
            warn "Debian $suite has $package ${version:-not at all}, and $minimum is the least that will do"
            continue
        fi
        mkdir -p "$kept.part"
        if ! retry "fetching $package" download_source "$kept.part" "$suite" "$package=$version"; then
            warn "Debian $suite did not give $package $version"
            continue
        fi
        echo "$version" >"$kept.part/VERSION"
        (cd "$kept.part" && sha256sum -- * >SHA256SUMS)
        mv "$kept.part" "$kept"
        return 0
    done
    fail "no source package of $package, version $minimum or newer, could be had from Debian $*." \
        "See $davit_cache/log/sources; DAVIT_DEBIAN_MIRROR names another mirror (now $davit_mirror)."
}

# download_source DIRECTORY SUITE PACKAGE=VERSION: one attempt; status 2 when the mirror has dropped it.
download_source() {
    local log=$davit_cache/log/download status=0
    mkdir -p "$1"
    (cd "$1" && private_apt "$2" apt-get source --download-only "$3") >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then return 0; fi
    cat "$log" >&2
    if grep -q ' 404 ' "$log"; then return 2; fi
    return 1
}

# unpack_source PACKAGE DIRECTORY: unpacks the cached source package, Debian's patches applied.
unpack_source() {
    local package=$1 directory=$2 dsc
    dsc=$(find "$davit_cache/sources/$package" -name '*.dsc')
    # apt checked the signature chain when it fetched; SHA256SUMS was checked just now.
    dpkg-source --no-check --extract "$dsc" "$directory"
}
