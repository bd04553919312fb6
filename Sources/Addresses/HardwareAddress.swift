/// The address of an Ethernet interface (MAC address), six bytes.
package struct HardwareAddress: Hashable, Sendable {
    package let bytes: [UInt8]

    /// `nil` unless there are exactly six bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        self.bytes = Array(bytes)
    }

    /// `52:54:00:12:34:56`, each part of one or two digits; `nil` for everything else.
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            // UInt8 would read a sign, too.
            (1...2).contains(part.utf8.count) && part.allSatisfy(\.isHexDigit)
                ? UInt8(part, radix: 16) : nil
        }
        guard bytes.count == parts.count else { return nil }
        self.init(bytes: bytes)
    }

    private init(all byte: UInt8) { bytes = Array(repeating: byte, count: 6) }

    /// ff:ff:ff:ff:ff:ff, everybody on this link.
    package static let broadcast = HardwareAddress(all: 0xFF)
    /// 00:00:00:00:00:00, nobody that is known.
    package static let none = HardwareAddress(all: 0)

    /// Whether one machine may have it: not a group's, and not `none`.
    package var isHost: Bool { bytes[0] & 1 == 0 && self != .none }
}

extension HardwareAddress: CustomStringConvertible {
    package var description: String {
        bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
            .joined(separator: ":")
    }
}
