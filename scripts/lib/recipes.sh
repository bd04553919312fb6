# shellcheck shell=bash disable=SC2034,SC2154 # Sourced after common.sh, before prefix.sh.
# How each static library is built. A change here makes a new prefix: its name holds this file's hash.
#
# Each recipe works in an empty directory, gets its staging directory as $1, and leaves there what
# belongs into the prefix. Order: a library comes after those it is compiled against.

recipes=(libcrypto libdevmapper libcryptsetup libssh libzstd distribution)

# How many seconds each takes on two cores.
declare -A recipe_seconds=([libcrypto]=60 [libdevmapper]=15 [libcryptsetup]=25 [libssh]=20 [libzstd]=5 [distribution]=1)

# PACKAGE MINIMUM SUITE...
declare -A recipe_source=(
    # The 3.0 line is half a megabyte smaller than its successors; Debian maintains it until June 2028.
    [libcrypto]='openssl 3.0.17 bookworm-security bookworm'
    [libdevmapper]='lvm2 2.03.31 trixie forky sid'
    [libcryptsetup]='cryptsetup 2:2.7.5 trixie forky sid'
    # Older ones miss fixes of what a server does before authentication.
    [libssh]='libssh 0.12.2 sid forky'
    [libzstd]='libzstd 1.5.5 trixie forky sid'
)

# Position-independent for the static-PIE and for the tests; sections so that the linker can drop
# what is unused; hardening as in Debian's own build. Not -Os: Argon2 takes 1.7 times as long with it and
# PBKDF2 1.3 times, for 0.3 MB.
recipe_cflags=(-O2 -fPIE -ffunction-sections -fdata-sections
    -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2)

# Tables for unwinding the stack, 0.3 MB: nothing in the program unwinds through these libraries, apart from
# Argon2, whose threads end with pthread_exit.
without_unwinding=(-fno-asynchronous-unwind-tables -fno-unwind-tables)

jobs=${DAVIT_JOBS:-$(nproc)}

recipe_libcrypto() {
    local staging=$1 target
    case $davit_arch in
    x86_64) target=linux-x86_64 ;;
    aarch64) target=linux-aarch64 ;;
    ppc64le) target=linux-ppc64le ;;
    riscv64) target=linux64-riscv64 ;;
    *) fail "OpenSSL's name for $davit_arch is not known. Add it to recipe_libcrypto in scripts/lib/recipes.sh." ;;
    esac
    # P-256 by the code that the other curves have. The faster one comes with a table of multiples, 0.15 MB that
    # cannot be compressed; a login takes one such operation or two.
    sed -i -E '/^ *[$]EC(ASM|DEF)_/ s/ecp_nistz256[-a-z0-9_]*\.[csS]|ECP_NISTZ256_ASM//g' crypto/ec/build.info
    # Without modules the legacy provider is part of the archive: whirlpool opens old LUKS1 headers.
    ./Configure "$target" --prefix="$davit_prefix" --libdir=lib --openssldir=/nonexistent \
        no-shared no-dso no-module no-engine no-autoload-config no-tests no-ssl no-tls no-dtls \
        no-multiblock no-sock no-dgram no-ui-console no-async no-comp no-cms no-cmp no-ts no-ocsp no-ct no-srp no-psk \
        no-srtp no-nextprotoneg no-rfc3779 no-gost no-ec2m no-scrypt no-siphash no-siv no-ocb \
        no-aria no-bf no-camellia no-cast no-idea no-md2 no-md4 no-mdc2 no-rc2 no-rc4 no-rc5 no-seed \
        no-sm2 no-sm3 no-sm4 \
        "${recipe_cflags[@]}" "${without_unwinding[@]}"
    make -j"$jobs" build_generated
    make -j"$jobs" libcrypto.a
    mkdir -p "$staging/include" "$staging/lib/pkgconfig"
    cp -R include/openssl "$staging/include/"
    find "$staging/include" -name '*.in' -delete
    cp libcrypto.a "$staging/lib/"
    pkgconfig_file "$staging" libcrypto "$(sed -n 's/^# define OPENSSL_FULL_VERSION_STR "\(.*\)"/\1/p' include/openssl/opensslv.h)" \
        '-lcrypto'
}

recipe_libdevmapper() {
    local staging=$1
    # udev_sync: opening waits until udev has made its links; Sources/CStatic/Udev.c has the five calls it needs.
    CFLAGS="${recipe_cflags[*]} ${without_unwinding[*]}" ./configure --prefix="$davit_prefix" --enable-static_link \
        --disable-shared --enable-pkgconfig --enable-udev_sync --disable-udev_rules --disable-selinux \
        --disable-readline --disable-blkid_wiping --disable-dmeventd --disable-nls \
        --with-cache=none --with-thin=none --with-vdo=none --with-writecache=none \
        --with-integrity=none --with-raid=none \
        --with-device-uid=0 --with-device-gid=6 --with-device-mode=0660
    make -j"$jobs" -C libdm ioctl/libdevmapper.a
    mkdir -p "$staging/include" "$staging/lib/pkgconfig"
    cp libdm/libdevmapper.h "$staging/include/"
    cp libdm/ioctl/libdevmapper.a "$staging/lib/"
    pkgconfig_file "$staging" devmapper "$(cut -d' ' -f1 VERSION_DM | cut -d- -f1)" '-ldevmapper'
}

recipe_libcryptsetup() {
    local staging=$1 sse=()
    if [[ $davit_arch == x86_64 ]]; then sse=(--enable-internal-sse-argon2); fi
    ./autogen.sh
    CFLAGS="${recipe_cflags[*]}" ./configure --prefix="$davit_prefix" --disable-shared --enable-static \
        --disable-cryptsetup --disable-veritysetup --disable-integritysetup --disable-asciidoc \
        --disable-ssh-token --disable-external-tokens --disable-nls --disable-selinux \
        --disable-libargon2 --with-crypto_backend=openssl --enable-internal-argon2 "${sse[@]}"
    make -j"$jobs" libargon2.la
    make -j"$jobs" CFLAGS="${recipe_cflags[*]} ${without_unwinding[*]}" libcryptsetup.la
    mkdir -p "$staging/include" "$staging/lib/pkgconfig"
    cp lib/libcryptsetup.h "$staging/include/"
    cp .libs/libcryptsetup.a "$staging/lib/"
    pkgconfig_file "$staging" libcryptsetup "$(sed -n 's/^Version: //p' lib/libcryptsetup.pc)" \
        '-lcryptsetup -ldevmapper -ljson-c -lblkid -luuid -lcrypto -lm'
}

recipe_libssh() {
    local staging=$1 option off=()
    for option in GSSAPI ZLIB EXAMPLES PCAP DEBUG_CALLTRACE NACL SYMBOL_VERSIONING EXEC FIDO2 \
        PKCS11_URI PKCS11_PROVIDER INTERNAL_DOC; do
        off+=("-DWITH_$option=OFF")
    done
    # Not BUILD_STATIC_LIB: it gives the static library's rules twice.
    cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-DNDEBUG ${recipe_cflags[*]} ${without_unwinding[*]}" \
        -DCMAKE_INSTALL_PREFIX="$davit_prefix" -DCMAKE_INSTALL_LIBDIR=lib \
        -DBUILD_SHARED_LIBS=OFF -DUNIT_TESTING=OFF -DWITH_SERVER=ON -DWITH_SFTP=ON \
        -DOPENSSL_ROOT_DIR="$davit_prefix" -DOPENSSL_USE_STATIC_LIBS=ON "${off[@]}"
    ninja -C build -j"$jobs" ssh
    DESTDIR=$PWD/image cmake --install build
    mv "image$davit_prefix/"{include,lib} "$staging/"
    rm -rf "$staging/lib/cmake" "$staging/lib/pkgconfig"
    mkdir "$staging/lib/pkgconfig"
    pkgconfig_file "$staging" libssh "$(sed -n 's/^project(libssh VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)" \
        '-lssh -lcrypto'
}

# The distribution's archive brings the encoder's tables and every format before 1.0 with it: 0.2 MB.
recipe_libzstd() {
    local staging=$1
    make -j"$jobs" -C lib libzstd.a ZSTD_LIB_MINIFY=1 ZSTD_LEGACY_SUPPORT=0 \
        ZSTD_LIB_COMPRESSION=0 ZSTD_LIB_DICTBUILDER=0 ZSTD_LIB_DEPRECATED=0 \
        CFLAGS="${recipe_cflags[*]} ${without_unwinding[*]} -Os"
    mkdir -p "$staging/include" "$staging/lib/pkgconfig"
    cp lib/zstd.h lib/zstd_errors.h "$staging/include/"
    cp lib/libzstd.a "$staging/lib/"
    pkgconfig_file "$staging" libzstd "$(sed -n 's/^#define ZSTD_VERSION_\(MAJOR\|MINOR\|RELEASE\) *\([0-9]*\)$/\2/p' lib/zstd.h | paste -sd.)" '-lzstd'
}

# What the distribution's own packages have as archives: copied, so that the linker finds them here
# before it finds a shared library of the same name, and the tests link what the product links.
recipe_distribution() {
    local staging=$1 package library header version
    mkdir -p "$staging/include" "$staging/lib/pkgconfig" "$staging/licenses"
    while read -r package library header; do
        version=$(pkg-config --modversion "$header")
        # Headers without a directory of their own the compiler finds where the package has them.
        if [[ -d $(pkg-config --variable=includedir "$header")/$header ]]; then
            cp -R "$(pkg-config --variable=includedir "$header")/$header" "$staging/include/"
        fi
        objcopy --remove-section=.eh_frame --remove-section=.rela.eh_frame \
            "$(cc -print-file-name="$library.a")" "$staging/lib/$library.a"
        cp -L "/usr/share/doc/$package/copyright" "$staging/licenses/$header"
        pkgconfig_file "$staging" "$header" "$version" "-l${library#lib}" "\${prefix}/include/$header"
    done <<'LIST'
libblkid-dev libblkid blkid
libjson-c-dev libjson-c json-c
liblzma-dev liblzma liblzma
uuid-dev libuuid uuid
zlib1g-dev libz zlib
LIST
}

# pkgconfig_file STAGING NAME VERSION LIBRARIES [INCLUDE]: SwiftPM reads `Libs` and never `Libs.private`,
# so all that a static library needs stands in `Libs`.
pkgconfig_file() {
    local staging=$1 name=$2 version=$3 libraries=$4 include=${5-}
    cat >"$staging/lib/pkgconfig/$name.pc" <<PC
prefix=\${pcfiledir}/../..

Name: $name
Description: $name, static, as davit links it
Version: $version
Cflags: -I\${prefix}/include${include:+ -I$include}
Libs: -L\${prefix}/lib $libraries
PC
}
