# shellcheck shell=bash disable=SC2154 # Sourced after common.sh and debian.sh.
# bcachefs-tools for the tests: what is in Debian experimental, of the version that wrote the images in Tests/Fixtures.

bcachefs_tools_version=1:1.13.0-1~exp1
bcachefs_tools=$davit_cache/bcachefs-tools-${bcachefs_tools_version#*:}

# fetch_bcachefs_tools: leaves in $bcachefs_tools the program `bcachefs`, which brings its own C library and needs nothing
# of the system that it runs on but /bin/sh.
fetch_bcachefs_tools() {
    local package=$bcachefs_tools/package library
    if [[ -e $bcachefs_tools/complete ]]; then return 0; fi
    rm -rf "$bcachefs_tools"
    mkdir -p "$package" "$bcachefs_tools/lib"
    unpacked experimental "bcachefs-tools=$bcachefs_tools_version" "$package" || return 1
    for library in libaio1t64 libblkid1 libc6 libgcc-s1 libkeyutils1 liblz4-1 libsodium23 libudev1 libcap2 liburcu8t64 libuuid1 libxxhash0 \
        libzstd1 zlib1g; do
        unpacked trixie "$library" "$package" || return 1
    done
    libraries "$bcachefs_tools/lib" "$package" "$package/usr/sbin/bcachefs" || return 1
    cp "$package/usr/sbin/bcachefs" "$bcachefs_tools/lib/"
    # shellcheck disable=SC2016 # The new script expands it.
    printf '%s\n' '#!/bin/sh' 'here=${0%/*}/lib' \
        'exec "$here"/ld-linux*.so.* --argv0 bcachefs --library-path "$here" "$here/bcachefs" "$@"' >"$bcachefs_tools/bcachefs"
    chmod 0755 "$bcachefs_tools/bcachefs" "$bcachefs_tools"/lib/ld-linux*
    rm -rf "$package"
    "$bcachefs_tools/bcachefs" version >/dev/null || return 1
    touch "$bcachefs_tools/complete"
}
