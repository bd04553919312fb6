import CLinux
import Glibc

/// Builds one netlink message: header, the family's fixed part, attributes. All of it in the machine's byte order.
/// Source: include/uapi/linux/netlink.h.
package struct NetlinkRequest: Sendable {
    package private(set) var bytes: [UInt8] = []

    /// - Parameter fixed: the structure that follows the header, such as `ifinfomsg`.
    package init<Fixed: BitwiseCopyable>(
        type: Int, flags: Int32, sequence: UInt32, fixed: Fixed
    ) {
        var header = nlmsghdr()
        header.nlmsg_type = UInt16(truncatingIfNeeded: type)
        header.nlmsg_flags = UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST)
        header.nlmsg_seq = sequence
        append(header)
        append(fixed)
        close()
    }

    /// Appends an attribute whose value is these bytes.
    package mutating func attribute(_ type: Int, _ value: [UInt8]) {
        bytes += Self.attribute(type, value)
        close()
    }

    /// One attribute with its header and padding, for the value of one that holds others.
    static func attribute(_ type: Int, _ value: [UInt8]) -> [UInt8] {
        let length = MemoryLayout<rtattr>.size + value.count
        let header = rtattr(
            rta_len: UInt16(truncatingIfNeeded: length),
            rta_type: UInt16(truncatingIfNeeded: type))
        let padding = [UInt8](repeating: 0, count: (4 - length % 4) % 4)
        return withUnsafeBytes(of: header) { Array($0) } + value + padding
    }

    /// Appends an attribute whose value is a number or structure.
    package mutating func attribute(_ type: Int, _ value: some BitwiseCopyable) {
        attribute(type, withUnsafeBytes(of: value) { Array($0) })
    }

    private mutating func append(_ value: some BitwiseCopyable) {
        withUnsafeBytes(of: value) { bytes += $0 }
    }

    /// Pads to a multiple of four and writes the whole length into the header.
    private mutating func close() {
        bytes += repeatElement(0, count: (4 - bytes.count % 4) % 4)
        let length = UInt32(truncatingIfNeeded: bytes.count)
        withUnsafeBytes(of: length) { bytes.replaceSubrange(0..<4, with: $0) }
    }
}

/// One netlink message as it came.
package struct NetlinkMessage: Sendable {
    package let type: Int
    package let flags: Int32
    package let sequence: UInt32
    package let payload: ArraySlice<UInt8>

    /// The messages in one datagram; what follows a broken length is left out.
    package static func all(in datagram: [UInt8]) -> [NetlinkMessage] {
        var rest = datagram[...]
        var messages: [NetlinkMessage] = []
        while let header: nlmsghdr = rest.value() {
            let length = Int(header.nlmsg_len)
            guard length >= MemoryLayout<nlmsghdr>.size, length <= rest.count else { break }
            messages.append(
                NetlinkMessage(
                    type: Int(header.nlmsg_type), flags: Int32(header.nlmsg_flags),
                    sequence: header.nlmsg_seq,
                    payload: rest.prefix(length).dropFirst(MemoryLayout<nlmsghdr>.size)))
            rest = rest.dropFirst((length + 3) / 4 * 4)
        }
        return messages
    }

    /// The attributes behind the fixed part, by type; of two with one type the last counts.
    package func attributes(after fixed: Int) -> [Int: ArraySlice<UInt8>] {
        Self.attributes(in: payload.dropFirst((fixed + 3) / 4 * 4))
    }

    package static func attributes(in bytes: ArraySlice<UInt8>) -> [Int: ArraySlice<UInt8>] {
        var rest = bytes
        var found: [Int: ArraySlice<UInt8>] = [:]
        while let header: rtattr = rest.value() {
            let length = Int(header.rta_len)
            guard length >= MemoryLayout<rtattr>.size, length <= rest.count else { break }
            let type = Int(header.rta_type) & Int(NLA_TYPE_MASK)
            found[type] = rest.prefix(length).dropFirst(MemoryLayout<rtattr>.size)
            rest = rest.dropFirst((length + 3) / 4 * 4)
        }
        return found
    }

    /// Leaves the flags for nested and for byte order aside.
    private static let NLA_TYPE_MASK: UInt16 = 0x3FFF
}

extension ArraySlice<UInt8> {
    /// The number or structure at the front in the machine's byte order; `nil` when fewer bytes are left.
    package func value<Value: BitwiseCopyable>(as: Value.Type = Value.self) -> Value? {
        withUnsafeBytes { bytes in
            bytes.count >= MemoryLayout<Value>.size
                ? bytes.loadUnaligned(as: Value.self) : nil
        }
    }

    /// The text up to the first zero.
    package var text: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }
}
