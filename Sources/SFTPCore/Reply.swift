import Bytes

/// The packets that go to a client, their length in front.
package enum Reply {
    /// Bytes before the content of a data packet.
    package static let dataHeaderLength = 13

    /// What stands before `count` bytes of a file's content.
    package static func dataHeader(_ id: UInt32, _ count: Int) -> [UInt8] {
        let count = UInt32(clamping: count)
        var header = ByteWriter(reserving: dataHeaderLength)
        header.append(count &+ 9)
        header.append(PacketType.data.rawValue)
        header.append(id)
        header.append(count)
        return header.bytes
    }

    static func version() -> [UInt8] {
        packet(.version) { reply in
            reply.append(UInt32(3))
            for (name, version) in Extension.advertised {
                reply.appendString(Array(name.utf8))
                reply.appendString(Array(version.utf8))
            }
        }
    }

    static func status(_ id: UInt32, _ status: Status) -> [UInt8] {
        packet(.status, id) { reply in
            reply.append(status.code.rawValue)
            reply.appendString(Array(status.words.utf8))
            // The language of the words, which no client looks at.
            reply.append(UInt32(0))
        }
    }

    static func handle(_ id: UInt32, _ name: [UInt8]) -> [UInt8] {
        packet(.handle, id) { $0.appendString(name) }
    }

    static func attributes(_ id: UInt32, _ attributes: Attributes) -> [UInt8] {
        packet(.attributes, id) { attributes.write(to: &$0) }
    }

    static func names(_ id: UInt32, _ entries: [Entry]) -> [UInt8] {
        packet(.name, id) { reply in
            reply.append(UInt32(clamping: entries.count))
            for entry in entries {
                reply.appendString(entry.name)
                reply.appendString(entry.line)
                entry.attributes.write(to: &reply)
            }
        }
    }

    static func fileSystem(_ id: UInt32, _ status: FileSystemStatus) -> [UInt8] {
        let flags: UInt64 = (status.isReadOnly ? 1 : 0) | (status.ignoresSetUser ? 2 : 0)
        return numbers(
            id,
            [
                status.blockSize, status.fragmentSize, status.blocks, status.free,
                status.available, status.files, status.freeFiles, status.availableFiles,
                status.identity, flags, status.longestName,
            ])
    }

    static func limits(_ id: UInt32) -> [UInt8] {
        numbers(
            id,
            [Limits.packet, Limits.content, Limits.content, Limits.handles].map { UInt64($0) })
    }

    private static func numbers(_ id: UInt32, _ numbers: [UInt64]) -> [UInt8] {
        packet(.extendedReply, id) { reply in
            for number in numbers { reply.append(number) }
        }
    }

    private static func packet(
        _ type: PacketType, _ id: UInt32? = nil, _ fill: (inout ByteWriter) -> Void
    ) -> [UInt8] {
        var content = ByteWriter()
        content.append(type.rawValue)
        if let id { content.append(id) }
        fill(&content)
        var packet = ByteWriter(reserving: content.bytes.count + 4)
        packet.append(UInt32(clamping: content.bytes.count))
        packet.append(content.bytes)
        return packet.bytes
    }
}

extension ByteWriter {
    mutating func append(_ value: UInt64) {
        append(UInt32(truncatingIfNeeded: value >> 32))
        append(UInt32(truncatingIfNeeded: value))
    }

    mutating func appendString(_ bytes: [UInt8]) {
        append(UInt32(clamping: bytes.count))
        append(bytes)
    }
}
