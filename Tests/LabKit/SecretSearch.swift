/// Looks for a secret everywhere in a guest where one can be left, as root sees it.
package struct SecretSearch: Sendable {
    let guest: Guest
    /// Planted in a process and a file, so that a search that finds nothing has shown that it can.
    package static let decoy = "lab-decoy-2f81c6"

    package init(_ guest: Guest) { self.guest = guest }

    /// Collects process lists and environments from now on: `everything` has them.
    package func watchProcesses() async throws {
        _ = try await guest.shell.run(
            """
            mkdir -p /run/lab-search
            (while [ -d /run/lab-search ]; do
                cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
                sleep 0.5
            done >/run/lab-search/processes) </dev/null >/dev/null 2>&1 &
            """)
    }

    /// Process lists, environments, the kernel's log, and all files of /run, /tmp, /etc, /var/log
    /// and of the initrd's root directories that a program can have written.
    package func everything() async throws -> [UInt8] {
        try await guest.shell.run(
            """
            LAB_PLANTED=\(Self.decoy)-environment sleep 1000 </dev/null >/dev/null 2>&1 &
            planted=$!
            echo \(Self.decoy)-file >/tmp/lab-decoy
            cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
            dmesg
            davit log 2>/dev/null
            journalctl --no-pager --quiet --all 2>/dev/null
            for directory in /run /tmp /var /etc /root /conf /cryptroot /dev/shm; do
                [ -d $directory ] || continue
                find $directory -xdev -type f -size -8192k -exec cat {} + 2>/dev/null
            done
            kill $planted
            rm -rf /tmp/lab-decoy /run/lab-search
            """, within: .seconds(300)
        ).bytes
    }

    /// How a secret can be written: as it is, in hexadecimal, and in base64.
    package static func traces(of secret: String, in bytes: [UInt8]) -> [String] {
        let raw = Array(secret.utf8)
        let digits = raw.map { hexadecimal($0) }.joined()
        let forms = [
            ("as it is", raw), ("in hexadecimal", Array(digits.utf8)),
            ("in base64", Array(base64(raw).utf8)),
        ]
        return forms.filter { firstRange(of: $0.1, in: bytes) != nil }.map(\.0)
    }

    /// Base64 without the last, padded group, which changes with what follows.
    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        return stride(from: 0, to: bytes.count - bytes.count % 3, by: 3)
            .map { at in
                let group = bytes[at..<(at + 3)].reduce(0) { $0 << 8 | Int($1) }
                return String([18, 12, 6, 0].map { alphabet[group >> $0 & 63] })
            }
            .joined()
    }
}
