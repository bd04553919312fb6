# shellcheck shell=bash disable=SC2154 # Sourced after common.sh.
# The Debian and Ubuntu packages that building, testing and the lab need, each with its reason.

# packages_for build|lab: prints lines of "package: what it is for".
packages_for() {
    case $1 in
    build)
        cat <<'LIST'
autoconf: builds libcryptsetup
automake: builds libcryptsetup
autopoint: builds libcryptsetup
binutils: examines the finished program
build-essential: compiles the libraries
ca-certificates: lets SwiftPM and apt fetch over https
btrfs-progs: checks and repairs in the tests
cmake: builds libssh
debian-archive-keyring: checks the signatures of Debian's source packages
dosfstools: checks and repairs in the tests
dropbear-bin: logs in, in the tests
dpkg-dev: unpacks Debian's source packages
e2fsprogs: checks and repairs in the tests
f2fs-tools: checks and repairs in the tests
file: examines the finished program
gettext: builds libcryptsetup
git: used by SwiftPM
jfsutils: checks and repairs in the tests
libblkid-dev: the static libblkid
libcryptsetup-dev: names the headers that libcryptsetup needs
libjson-c-dev: the static json-c
liblzma-dev: the static liblzma
libpopt-dev: builds libcryptsetup
libssh-dev: names the headers that libssh needs
libssl-dev: names the headers that libssh and libcryptsetup need
libtool: builds libcryptsetup
mandoc: checks the manual
openssh-client: logs in, in the tests
ninja-build: builds libssh
python3-cryptography: plays a security key in the tests
python3-paramiko: logs in, in the tests
python3-venv: holds ssh-audit for the tests
perl: configures libcrypto, edits the Swift library
pkg-config: tells SwiftPM where the libraries are
shellcheck: checks the scripts
sshfs: mounts a directory of the server, in the tests
strace: shows that the static program opens no library
uuid-dev: the static libuuid
xfsprogs: checks and repairs in the tests
xz-utils: unpacks Debian's source packages
zlib1g-dev: the static zlib
zstd: measures what the program adds to an initramfs
LIST
        ;;
    lab)
        local qemu
        case $davit_arch in
        x86_64) qemu="qemu-system-x86" ;;
        aarch64) qemu="qemu-system-arm" ;;
        riscv64) qemu="qemu-system-misc" ;;
        ppc64le) qemu="qemu-system-ppc" ;;
        *) fail "the lab does not know which QEMU package emulates $davit_arch. Name it in scripts/lib/packages.sh." ;;
        esac
        cat <<LIST
$qemu: boots the guests
avahi-daemon: asks for the machine by its name
avahi-utils: asks for the machine by its name
busybox-static: the shell of small guests
cpio: packs initramfs images
cryptsetup-bin: makes and examines LUKS headers
dbus-daemon: what avahi speaks through
dhcpcd-base: a DHCP client to compare with
dnsmasq-base: the lab's DHCP server
e2fsprogs: makes the guests' file systems
ipxe-qemu: the guests' network card
iproute2: networks the guests together
isc-dhcp-client: a DHCP client to compare with
isc-dhcp-server: a DHCP server to be a client of
kea-dhcp4-server: a DHCP server to be a client of
klibc-utils: ipconfig, the DHCP client of Debian's initramfs, to compare with
kmod: finds the guests' kernel modules
libiscsi-bin: talks to the exported disks
lvm2: makes and activates volume groups in the lab
mdadm: makes and assembles arrays in the lab
mmdebstrap: makes the guests' Debian root
openssh-client: the client that unlocks
procps: looks at processes
qemu-block-extra: reads and writes exported disks
qemu-utils: makes disk images
tcpdump: counts packets in scripts/bench net
udhcpc: the DHCP client to compare with
xz-utils: unpacks kernel modules
zstd: packs initramfs images
LIST
        ;;
    esac
}

# install_packages SET...: installs what is missing of the sets, and does not touch apt otherwise.
install_packages() {
    local set name reason missing=() installed
    have dpkg-query || fail "this is neither Debian nor Ubuntu: there is no dpkg-query." \
        "See scripts/lib/packages.sh for what must be installed."
    installed=$(dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii //p')
    for set in "$@"; do
        while IFS=: read -r name reason; do
            if grep -qxF -- "$name" <<<"$installed"; then continue; fi
            if [[ " ${missing[*]-} " == *" $name "* ]]; then continue; fi
            say "missing: $name (${reason# })"
            missing+=("$name")
        done < <(packages_for "$set")
    done
    if ((${#missing[@]} == 0)); then return 0; fi

    local as_root=()
    if ((EUID != 0)); then
        if have sudo && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            fail "installing needs root. Run: apt-get install --no-install-recommends ${missing[*]}"
        fi
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    local log=$davit_cache/log/packages
    say "installing ${#missing[@]} packages; this takes about a minute (log: $log)"
    # Both in one try: a list that came down incomplete shows as a package that is not known. That one source of
    # several cannot be reached is no reason to stop.
    # shellcheck disable=SC2317 # Called by retry.
    update_and_install() {
        "${apt[@]}" update || true
        "${apt[@]}" install --no-install-recommends "${missing[@]}"
    }
    retry "apt-get" logged "$log" update_and_install ||
        fail "these packages could not be installed: ${missing[*]}; see $log"
}
