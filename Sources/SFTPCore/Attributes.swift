import Bytes

/// What is known or wanted of a file: only what is not `nil`. Source: draft-ietf-secsh-filexfer-02 §5.
package struct Attributes: Sendable, Equatable {
    package struct Owner: Sendable, Equatable {
        package let user, group: UInt32
        package init(user: UInt32, group: UInt32) {
            self.user = user
            self.group = group
        }
    }

    /// Seconds since 1970.
    package struct Times: Sendable, Equatable {
        package let accessed, modified: UInt32
        package init(accessed: UInt32, modified: UInt32) {
            self.accessed = accessed
            self.modified = modified
        }
    }

    package var size: UInt64?
    package var owner: Owner?
    /// `st_mode`, the file's type among it.
    package var permissions: UInt32?
    package var times: Times?

    package init(
        size: UInt64? = nil, owner: Owner? = nil, permissions: UInt32? = nil, times: Times? = nil
    ) {
        self.size = size
        self.owner = owner
        self.permissions = permissions
        self.times = times
    }

    private enum Flag {
        static let size: UInt32 = 1
        static let owner: UInt32 = 2
        static let permissions: UInt32 = 4
        static let times: UInt32 = 8
        static let extended: UInt32 = 0x8000_0000
    }

    init(_ reader: inout RequestReader) throws(Status) {
        let flags = try reader.uint32()
        if flags & Flag.size != 0 { size = try reader.uint64() }
        if flags & Flag.owner != 0 {
            let user = try reader.uint32()
            owner = Owner(user: user, group: try reader.uint32())
        }
        if flags & Flag.permissions != 0 { permissions = try reader.uint32() }
        if flags & Flag.times != 0 {
            let accessed = try reader.uint32()
            times = Times(accessed: accessed, modified: try reader.uint32())
        }
        guard flags & Flag.extended != 0 else { return }
        // Pairs that nobody defined. However many are announced, the loop ends with the packet's bytes.
        for _ in 0..<(try reader.uint32()) {
            _ = try reader.string()
            _ = try reader.string()
        }
    }

    func write(to reply: inout ByteWriter) {
        var flags: UInt32 = 0
        if size != nil { flags |= Flag.size }
        if owner != nil { flags |= Flag.owner }
        if permissions != nil { flags |= Flag.permissions }
        if times != nil { flags |= Flag.times }
        reply.append(flags)
        if let size { reply.append(size) }
        if let owner {
            reply.append(owner.user)
            reply.append(owner.group)
        }
        if let permissions { reply.append(permissions) }
        if let times {
            reply.append(times.accessed)
            reply.append(times.modified)
        }
    }
}
