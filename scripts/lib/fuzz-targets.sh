# shellcheck shell=bash
# The targets of scripts/fuzz, one a line: its name, the longest input in bytes, and the modules of Sources that it
# needs, each after what it imports. Tests/Fuzz/NAME.swift is its code, Tests/Fixtures/fuzz/NAME its corpus.
fuzz_targets() {
    cat <<'LIST'
dhcp 2048 Addresses Bytes NetworkCore
authorized-keys 4096 Addresses Bytes SSHCore
ipv6 1500 Addresses Bytes NetworkCore
scp 4096 SCPCore
sftp 4096 Bytes SFTPCore
sshd 2048 Addresses Bytes SSHCore
progress 8192 RepairCore
crypttab 2048 UnlockCore
LIST
}
