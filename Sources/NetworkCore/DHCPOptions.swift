import Addresses
import Bytes

/// The options of one DHCP message, each code once, with instances joined. Source: RFC 2132, RFC 3396.
package struct DHCPOptions: Equatable, Sendable {
    private var values: [UInt8: [UInt8]] = [:]

    package init() {}

    package subscript(code: UInt8) -> [UInt8]? {
        get { values[code] }
        set { values[code] = newValue }
    }

    package var isEmpty: Bool { values.isEmpty }

    /// Reads the options field and, where option 52 says that they hold options too, the fields `file` and `sname`,
    /// in the order that RFC 3396 §7 gives for joining. Never refuses: what stands before a broken place counts,
    /// a missing end is none, an option cut off by the end of its field is left out.
    package init(
        parsing options: ArraySlice<UInt8>, file: ArraySlice<UInt8>, serverName: ArraySlice<UInt8>
    ) {
        read(options)
        // Only the options field may say so; an overload inside an overloaded field means nothing.
        let overload = values[DHCPOptionCode.overload].flatMap { $0.count == 1 ? $0.first : nil }
        if overload == 1 || overload == 3 { read(file) }
        if overload == 2 || overload == 3 { read(serverName) }
    }

    private mutating func read(_ field: ArraySlice<UInt8>) {
        var reader = ByteReader(field)
        while let code = reader.byte() {
            if code == DHCPOptionCode.pad { continue }
            if code == DHCPOptionCode.end { return }
            guard let length = reader.byte(), let value = reader.bytes(Int(length)) else { return }
            values[code, default: []] += value
        }
    }

    /// The message type first, then by code, and the end; a value longer than 255 bytes in several instances.
    package func write(to writer: inout ByteWriter) {
        let type = DHCPOptionCode.messageType
        let others = values.keys.filter { $0 != type }.sorted()
        for code in values[type] == nil ? others : [type] + others {
            var rest = (values[code] ?? [])[...]
            repeat {
                let part = rest.prefix(255)
                writer.append(code)
                writer.append(UInt8(truncatingIfNeeded: part.count))
                writer.append(part)
                rest = rest.dropFirst(255)
            } while !rest.isEmpty
        }
        writer.append(DHCPOptionCode.end)
    }
}

extension DHCPOptions {
    /// The value as a number of four bytes; `nil` when it is missing or has another length.
    package func uint32(_ code: UInt8) -> UInt32? {
        guard let value = values[code], value.count == 4 else { return nil }
        var reader = ByteReader(value)
        return reader.uint32()
    }

    /// The value as a number of two bytes; `nil` when it is missing or has another length.
    package func uint16(_ code: UInt8) -> UInt16? {
        guard let value = values[code], value.count == 2 else { return nil }
        var reader = ByteReader(value)
        return reader.uint16()
    }

    /// The value as one address; `nil` when it is missing or has another length.
    package func address(_ code: UInt8) -> IPv4Address? {
        values[code].flatMap { IPv4Address(bytes: $0) }
    }

    /// The value as addresses, at most `limit`; a rest of fewer than four bytes is left out.
    package func addresses(_ code: UInt8, atMost limit: Int) -> [IPv4Address] {
        var reader = ByteReader(values[code] ?? [])
        var found: [IPv4Address] = []
        while found.count < limit, let raw = reader.uint32() {
            found.append(IPv4Address(rawValue: raw))
        }
        return found
    }

    /// The value as text without closing zeros, which some servers send; every byte that is not printable ASCII becomes a `?`.
    package func text(_ code: UInt8) -> String? {
        guard var value = values[code]?[...] else { return nil }
        while value.last == 0 { value = value.dropLast() }
        let printable = value.map { (32..<127).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: printable, as: UTF8.self)
    }
}
