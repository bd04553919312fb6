import SSHCore

/// What `davit.conf` says: lines of `key = value`; `#` begins a comment; a key may be given more than once where a
/// list is meant.
package struct Settings: Sendable, Equatable {
    /// What becomes of the address when the system takes over.
    package enum AddressAfterBoot: String, Sendable {
        /// Removed again, so that the system finds the interface as if davit had never been there.
        case drop
        case keep
    }

    /// `interface`: those that davit configures; empty for every physical Ethernet interface.
    package var interfaces: [String] = []
    /// `listen`: ADDRESS:PORT of the SSH server; empty for port 22 on every address.
    package var listen: [String] = []
    /// `address-after-boot`: `drop` or `keep`; `nil` when nothing is said.
    package var addressAfterBoot: AddressAfterBoot?
    /// `checkers`: programs such as `e2fsck` that the initramfs hook bakes in, for `davit repair`.
    package var checkers: [String] = []
    /// `hostname`: the machine's name for DHCP and multicast DNS; otherwise the system's own.
    package var hostName: String?
    /// `passphrase-login`: whether the passphrase of a locked disk logs in, too; `no` by default.
    package var passphraseLogin = false
    /// `forward`: ports of the loopback that SSH clients may reach through the server, or `none`; empty for the
    /// exporter's.
    package var forward: [String] = []
    /// `client-id`: what DHCP servers know this machine by, as bytes; `nil` for the hardware address.
    package var clientID: String?
    /// `retry-cap`: within how many seconds a server that comes back is to be used.
    package var retryCap: Int?
    /// Lines that could not be used: each a sentence that names the line. The rest holds all the same.
    package var complaints: [String] = []

    package init() {}

    package init(parsing text: String) {
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = Self.trimmed(raw.prefix { $0 != "#" })
            guard !line.isEmpty else { continue }
            if let complaint = take(line) { complaints.append("Line \(index + 1): \(complaint)") }
        }
    }

    private mutating func take(_ line: Substring) -> String? {
        guard let equals = line.firstIndex(of: "=") else {
            return "\(line): expected 'key = value'."
        }
        let key = Self.trimmed(line[..<equals])
        let value = Self.trimmed(line[line.index(after: equals)...])
        guard !value.isEmpty else { return "\(key): a value is missing." }
        switch key {
        case "interface":
            guard Self.isInterfaceName(value) else {
                return "interface = \(value): no interface can have this name."
            }
            interfaces.append(String(value))
        case "listen":
            guard ListenAddress(String(value)) != nil else {
                return "listen = \(value): expected ADDRESS:PORT, such as [::]:2222."
            }
            listen.append(String(value))
        case "forward":
            guard value == "none" || UInt16(value).map({ $0 > 0 }) == true && value.first != "+"
            else { return "forward = \(value): expected a port, such as 3260, or 'none'." }
            forward.append(String(value))
        case "client-id":
            let parts = value.split(separator: ":", omittingEmptySubsequences: false)
            let isGood = parts.allSatisfy { $0.utf8.count == 2 && UInt8($0, radix: 16) != nil }
            guard value == "mac" || isGood && (2...255).contains(parts.count) else {
                return
                    "client-id = \(value): expected 'mac' or bytes, such as 01:52:54:00:12:34:56."
            }
            clientID = String(value)
        case "retry-cap":
            guard let seconds = Int(value), (6...3600).contains(seconds) else {
                return "retry-cap = \(value): expected seconds from 6 to 3600."
            }
            retryCap = seconds
        case "address-after-boot":
            guard let choice = AddressAfterBoot(rawValue: String(value)) else {
                return "address-after-boot = \(value): expected 'drop' or 'keep'."
            }
            addressAfterBoot = choice
        case "checkers":
            for word in value.split(separator: " ") {
                // The hook looks them up by name, as root.
                guard
                    word.utf8.allSatisfy({
                        $0 > 32 && $0 != 127 && !"/$`\"';&|<>".utf8.contains($0)
                    })
                else { return "checkers = \(word): expected names of programs, such as e2fsck." }
                checkers.append(String(word))
            }
        case "hostname":
            guard Self.isHostName(value) else {
                return "hostname = \(value): no machine can have this name."
            }
            hostName = String(value)
        case "passphrase-login":
            guard value == "yes" || value == "no" else {
                return "passphrase-login = \(value): expected 'yes' or 'no'."
            }
            passphraseLogin = value == "yes"
        default: return "\(key): there is no such setting."
        }
        return nil
    }

    /// Source: dev_valid_name in net/core/dev.c.
    private static func isInterfaceName(_ name: Substring) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 32 && $0 != 127 && !"/:".utf8.contains($0) }
    }

    /// Source: RFC 952, RFC 1123 §2.1.
    private static func isHostName(_ name: Substring) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let hyphen = UInt8(ascii: "-")
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                    && label.allSatisfy { $0 == hyphen || isLetterOrDigit($0) }
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.drop { $0.isWhitespace }
        guard let last = front.lastIndex(where: { !$0.isWhitespace }) else {
            return front.prefix(0)
        }
        return front[...last]
    }
}
