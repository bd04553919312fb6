/// A crypttab: one mapping a line, `target source key options`; systemd lets the last two be left out.
/// Source: cryptsetup debian/functions, crypttab_foreach_entry; systemd's crypttab(5).
package struct CryptTab: Equatable, Sendable {
    /// One mapping that somebody wants to exist.
    package struct Entry: Equatable, Sendable {
        /// The name under /dev/mapper.
        package var name: String
        /// A path, or `UUID=`, `LABEL=`, `PARTUUID=`, `PARTLABEL=`.
        package var source: String
        /// A path; `none` or `-` for a passphrase.
        package var key: String
        package var options: UnlockOptions

        package init(name: String, source: String, key: String, options: UnlockOptions) {
            self.name = name
            self.source = source
            self.key = key
            self.options = options
        }
    }

    package private(set) var entries: [Entry] = []
    /// What cannot be used, a sentence for each.
    package private(set) var complaints: [String] = []

    /// The kernel's limit for a name, less the closing zero. Source: linux/dm-ioctl.h, DM_NAME_LEN.
    private static let longestName = 127

    package init(parsing bytes: [UInt8]) {
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let fields = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard let first = fields.first, first.first != UInt8(ascii: "#") else { continue }
            let name = Self.unescaped(first)
            guard fields.count >= 2 else {
                complaints.append("crypttab line \(number): '\(name)' needs a source after it.")
                continue
            }
            guard Self.isName(name) else {
                complaints.append("crypttab line \(number): '\(name)' cannot be a mapping's name.")
                continue
            }
            let options = UnlockOptions(parsing: fields.count > 3 ? Array(fields[3]) : [])
            complaints += options.complaints.map { "crypttab line \(number), \(name): \($0)" }
            entries.append(
                Entry(
                    name: name, source: Self.unescaped(fields[1]),
                    key: fields.count > 2 ? Self.unescaped(fields[2]) : "none", options: options))
        }
    }

    /// Whether the device mapper takes it as a name below /dev/mapper.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= longestName && !name.utf8.contains(0)
            && !name.utf8.contains(UInt8(ascii: "/")) && name != "." && name != ".."
    }

    /// What printf's %b makes of a field: `\040` is a space, `\\` a backslash; up to three octal digits after the
    /// backslash, or after the zero that some write first.
    static func unescaped(_ field: some Collection<UInt8>) -> String {
        let named: [UInt8: UInt8] = [
            UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9,
            UInt8(ascii: "n"): 10, UInt8(ascii: "v"): 11, UInt8(ascii: "f"): 12,
            UInt8(ascii: "r"): 13, UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        ]
        var plain: [UInt8] = []
        var rest = field[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.first else {
                plain.append(byte)
                continue
            }
            if (48...55).contains(next) {
                if next == 48 { rest.removeFirst() }
                var value: UInt16 = 0
                for _ in 0..<3 {
                    guard let digit = rest.first, (48...55).contains(digit) else { break }
                    value = value * 8 + UInt16(digit - 48)
                    rest.removeFirst()
                }
                plain.append(UInt8(truncatingIfNeeded: value))
            } else if let meant = named[next] {
                plain.append(meant)
                rest.removeFirst()
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
