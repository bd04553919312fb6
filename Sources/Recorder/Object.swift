import Addresses

/// What an event is about. It is made only from what has the form of such a name, 64 bytes at most, so that nothing that a
/// person typed or a disk holds can be one.
package struct Object: Sendable, Equatable, CustomStringConvertible {
    package let description: String

    private init?(_ text: String, most: Int = 64, isLegal: (UInt8) -> Bool) {
        guard !text.isEmpty, text.utf8.count <= most, text.utf8.allSatisfy(isLegal) else {
            return nil
        }
        description = text
    }

    /// What is read back from a ring, where anybody may have written.
    init?(recorded text: String) { self.init(text, isLegal: Self.isPrintable) }

    /// A network interface; `nil` for what the kernel would not take for one's name.
    package static func interface(_ name: String) -> Object? {
        Object(name, most: 15) { isPrintable($0) && $0 != slash && $0 != UInt8(ascii: ":") }
    }

    /// A block device by its path below /dev.
    package static func device(_ path: String) -> Object? {
        path.hasPrefix("/dev/") ? Object(path, isLegal: isPrintable) : nil
    }

    /// A mapping of the device mapper, such as an opened disk, by its name.
    package static func mapping(_ name: String) -> Object? {
        Object(name) { isPrintable($0) && $0 != slash }
    }

    /// An address of another machine or of this one.
    package static func address(_ address: IPAddress) -> Object? {
        Object(address.description, isLegal: isPrintable)
    }

    /// A public key by its fingerprint as OpenSSH shows it: `SHA256:` and 43 characters.
    package static func key(fingerprint: String) -> Object? {
        guard fingerprint.hasPrefix("SHA256:"), fingerprint.utf8.count == 50 else { return nil }
        return Object(fingerprint, isLegal: isPrintable)
    }

    /// A service of the supervisor's, or an export, by the name that davit.conf or a person gave it.
    package static func named(_ name: String) -> Object? {
        Object(name, most: 48) { byte in
            isLetterOrDigit(byte) || "._-".utf8.contains(byte)
        }
    }

    /// A process or a job by its number.
    package static func number(_ number: Int) -> Object? {
        Object(String(number), isLegal: isPrintable)
    }

    private static let slash = UInt8(ascii: "/")

    private static func isPrintable(_ byte: UInt8) -> Bool { byte > 32 && byte < 127 }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
