# shellcheck shell=bash
# What all scripts share: where things are, how they speak, and the one place that knows how Swift is called.
# Sourced by scripts that have set `-euo pipefail`.
# shellcheck disable=SC2034 # Set here, used there.

davit_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
davit_cache=$(realpath --canonicalize-missing "${DAVIT_CACHE:-$davit_root/.cache}")
davit_arch=$(uname -m)
davit_program=${0##*/}
davit_static_map=$davit_root/.build-static/davit.map
davit_static_swift=$davit_root/.build-static/swift
davit_static_slimmed=(libswiftCore.a libswiftGlibc.a)
davit_static_remap=$davit_root/.build-static/slim-objects
say() { printf '%s: %s\n' "$davit_program" "$*"; }
warn() { printf '%s: %s\n' "$davit_program" "$*" >&2; }
fail() {
    warn "$*"
    exit 1
}

# have COMMAND: whether COMMAND can be run.
have() { command -v "$1" >/dev/null 2>&1; }

# usable_keys FILE: whether FILE holds at least one public key.
usable_keys() { grep -qE '^[^#]*(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9-]+@openssh\.com) AAAA' "$1"; }

# retry WHAT COMMAND...: up to three times, because mirrors and networks have bad moments. A COMMAND
# that ends with status 2 says that trying again will not help.
retry() {
    local what=$1 attempt status
    shift
    for attempt in 1 2 3; do
        status=0
        "$@" || status=$?
        if ((status == 0 || status == 2 || attempt == 3)); then return "$status"; fi
        warn "$what failed at attempt $attempt of 3; the next one is in $((attempt * 5)) s"
        sleep $((attempt * 5))
    done
}

# logged LOG COMMAND...: runs COMMAND with its output added to LOG, and shows the end of it upon failure.
logged() {
    local log=$1 status=0 start
    shift
    mkdir -p "${log%/*}"
    : >>"$log"
    start=$(($(wc -l <"$log") + 1))
    "$@" >>"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        warn "failed with status $status: $*"
        warn "the last lines of $log:"
        tail -n "+$start" "$log" | tail -n 30 >&2
    fi
    return "$status"
}

# require_swift: stops unless a Swift toolchain that can build davit is in PATH.
require_swift() {
    local oldest version
    oldest=$(sed -n 's,^// swift-tools-version: *,,p' "$davit_root/Package.swift")
    if ! have swift && [[ -n ${SUDO_USER:-} ]]; then
        warn "sudo has a PATH of its own. If you have Swift, try: sudo env \"PATH=\$PATH\" $0"
    fi
    have swift || fail "there is no Swift toolchain in PATH. Install Swift $oldest or newer:" \
        "https://www.swift.org/install/linux/"
    version=$(swift --version 2>&1) ||
        fail "$(command -v swift) does not run. Its answer: $version" \
            "See https://www.swift.org/install/linux/ for the packages that it needs."
    version=$(sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' <<<"$version" | head -n 1)
    [[ -n $version ]] ||
        fail "$(command -v swift) does not say which version it is. Install Swift $oldest or newer:" \
            "https://www.swift.org/install/linux/"
    [[ $(printf '%s\n' "$oldest" "$version" | sort -V | head -n 1) == "$oldest" ]] ||
        fail "$(command -v swift) is Swift $version, and davit needs $oldest or newer:" \
            "https://www.swift.org/install/linux/"
}

# prefix_directory: where the libraries belong that the recipes, as they are now, give on this machine.
prefix_directory() {
    local key
    key=$(
        {
            cat "$davit_root/scripts/lib/recipes.sh"
            # Archives of the distribution may need the libc that they were compiled with.
            getconf GNU_LIBC_VERSION
        } | sha256sum | cut -c1-12
    )
    echo "$davit_cache/prefix-$davit_arch-$key"
}

# use_prefix: lets every later `swift build` and `swift test` find the libraries that scripts/deps built.
#
# By their real path, not by the link `prefix`: when the recipes change the path does, and SwiftPM links anew.
use_prefix() {
    davit_prefix=$(prefix_directory)
    [[ -e $davit_prefix/complete ]] ||
        fail "the libraries are not built yet in $davit_cache. Run scripts/deps first."
    export PKG_CONFIG_PATH=$davit_prefix/lib/pkgconfig
}

# swift_flags dynamic|static: fills the array `swift_flags` for `swift build` and `swift test`.
#
# Both kinds link the same archives of the prefix. lld resolves archives in any order; the system's
# linker would want them sorted by who needs whom, which SwiftPM does not promise.
swift_flags() {
    local library
    swift_flags=(-Xswiftc -use-ld=lld)
    case $1 in
    dynamic) ;;
    static)
        # A run path makes a static-PIE crash in glibc before main: --disable-local-rpath.
        swift_flags+=(
            --scratch-path "$davit_root/.build-static"
            --configuration release
            -Xswiftc -Osize
            -Xswiftc -Xfrontend -Xswiftc -function-sections
            --static-swift-stdlib
            --disable-local-rpath
            -Xcc -DDAVIT_STATIC
            -Xswiftc -static-executable
            -Xswiftc -Xclang-linker -Xswiftc -static-pie
            -Xlinker "--remap-inputs-file=$davit_static_remap"
            -Xlinker --gc-sections
            -Xlinker --icf=safe # Libraries compare the addresses of functions.
            -Xlinker -s
            -Xlinker --wrap=swift_copyAuxiliaryExecutablePath # Sources/CStatic/backtrace.c
            -Xlinker --wrap=_swift_stdlib_getScalarName # These five: Sources/CStatic/unicode.c
            -Xlinker --wrap=_swift_stdlib_getNameAlias
            -Xlinker --wrap=_swift_stdlib_getAge
            -Xlinker --wrap=_swift_stdlib_getScript
            -Xlinker --wrap=_swift_stdlib_getScriptExtensions
            -Xlinker "-Map=$davit_static_map"
            -Xlinker "--why-extract=$davit_static_map.why"
        )
        for library in "${davit_static_slimmed[@]}"; do
            swift_flags+=(-Xlinker "--remap-inputs=*/$library=$davit_static_swift/$library")
        done
        # Functions that are alike lie beside each other, and compress the better; lld knows that since 21.
        if [[ $("$(dirname "$(readlink -f "$(command -v swift)")")/ld.lld" --help 2>/dev/null) == *--bp-compression-sort=* ]]; then
            swift_flags+=(-Xlinker --bp-compression-sort=function)
        fi
        # glibc relocates a static-PIE by packed relocations since 2.36; 0.4 MB less.
        if [[ $(printf '%s\n' 'glibc 2.36' "$(getconf GNU_LIBC_VERSION)" | sort -V | head -n 1) == 'glibc 2.36' ]]; then
            swift_flags+=(-Xlinker --pack-dyn-relocs=relr)
        fi
        ;;
    *) fail "swift_flags: '$1' is neither dynamic nor static" ;;
    esac
}
