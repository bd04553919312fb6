import LinuxKit
import SCPCore

/// `scp -f`: gives files and directories to a client.
struct SCPSender {
    /// Bytes of content that are read at once.
    private static let piece = 256 << 10
    /// Bytes that are looked for in a file of /proc or /sys, which says that it has none.
    private static let mostOfSizeless = 1 << 20

    private var stream = SCPStream()
    private var buffer = [UInt8](repeating: 0, count: piece)
    private let options: SCPServer.Options

    init(_ options: SCPServer.Options) { self.options = options }

    /// - Returns: how many were not given, or not whole.
    mutating func send(_ paths: [[UInt8]]) throws(SCPStream.Break) -> Int {
        guard try stream.isAgreed() else { return stream.failures }
        for path in paths { try send(path) }
        return stream.failures
    }

    /// A link is what it leads to.
    private mutating func send(_ path: [UInt8]) throws(SCPStream.Break) {
        let words = String(decoding: path, as: UTF8.self)
        let name = Self.lastPart(of: path)
        guard !name.contains(UInt8(ascii: "\n")) else {
            return try stream.warn("\(words): scp's own protocol has no word for such a name")
        }
        let found = try attempt { () throws(SystemError) in
            try FileCalls.status(of: path, followingLinks: true)
        }
        guard let status = found else { return }
        if status.isRegular {
            try sendFile(path, status, name)
        } else if !status.isDirectory {
            try stream.warn("\(words): this is no regular file")
        } else if options.isRecursive {
            try sendDirectory(path, status, name)
        } else {
            try stream.warn("\(words): this is a directory; -r takes those, too")
        }
    }

    /// The name without the slashes around it; `/` for that.
    private static func lastPart(of path: [UInt8]) -> [UInt8] {
        path.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? path
    }

    /// What cannot be read is told to the client and left out.
    private mutating func attempt<Value>(
        _ body: () throws(SystemError) -> Value
    ) throws(SCPStream.Break) -> Value? {
        do throws(SystemError) {
            return try body()
        } catch {
            try stream.warn(error)
            return nil
        }
    }

    private mutating func sendTimes(_ status: FileCalls.Status) throws(SCPStream.Break) -> Bool {
        guard options.keepsAttributes else { return true }
        try stream.send(
            .times(modified: max(0, status.modified), accessed: max(0, status.accessed)))
        return try stream.isAgreed()
    }

    // MARK: Directories

    private mutating func sendDirectory(
        _ path: [UInt8], _ status: FileCalls.Status, _ name: [UInt8]
    ) throws(SCPStream.Break) {
        guard let names = try attempt({ () throws(SystemError) in try Self.names(in: path) })
        else { return }
        guard try sendTimes(status) else { return }
        // Every receiver refuses "/" as a name.
        let shown = name.contains(UInt8(ascii: "/")) ? Array("root".utf8) : name
        try stream.send(.directory(permissions: status.permissions, name: shown))
        guard try stream.isAgreed() else { return }
        for name in names { try send(path + [UInt8(ascii: "/")] + name) }
        try stream.send(.end)
        _ = try stream.isAgreed()
    }

    /// All at once, so that no directory is open while those in it are sent.
    private static func names(in path: [UInt8]) throws(SystemError) -> [[UInt8]] {
        let directory = try DirectoryReader(path)
        var names: [[UInt8]] = []
        while let name = try directory.next() {
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names
    }

    // MARK: Files

    private mutating func sendFile(
        _ path: [UInt8], _ status: FileCalls.Status, _ name: [UInt8]
    ) throws(SCPStream.Break) {
        let opened = try attempt { () throws(SystemError) in
            OpenObject(try FileCalls.open(path, .init(), permissions: 0), path)
        }
        guard let file = opened else { return }
        let sizeless = status.size == 0 ? (try? Self.content(of: file)) ?? [] : []
        let size = max(status.size, UInt64(sizeless.count))
        guard try sendTimes(status) else { return }
        try stream.send(.file(permissions: status.permissions, size: size, name: name))
        guard try stream.isAgreed() else { return }
        if sizeless.isEmpty {
            try sendContent(of: file, size)
        } else {
            try stream.send(sizeless[...])
            try stream.agree()
        }
        _ = try stream.isAgreed()
    }

    /// Of a file that says that it has no bytes, as those of /proc and /sys do.
    private static func content(of file: OpenObject) throws(SystemError) -> [UInt8] {
        try file.withDescriptor { file throws(SystemError) in
            try file.readAll(limit: mostOfSizeless)
        }
    }

    /// As many bytes as were promised: zeros for what cannot be read, and then a word about it.
    private mutating func sendContent(
        of file: OpenObject, _ size: UInt64
    ) throws(SCPStream.Break) {
        var trouble: SystemError?
        var sent: UInt64 = 0
        while sent < size {
            let part = 0..<Int(clamping: min(size - sent, UInt64(buffer.count)))
            var count: Int?
            if trouble == nil {
                do throws(SystemError) {
                    count = try read(file, part, at: sent)
                } catch {
                    trouble = error
                }
            }
            if trouble == nil, count == 0 {
                trouble = SystemError("read", "", code: ErrorNumber.inputOutput)
            }
            if trouble != nil {
                for index in part { buffer[index] = 0 }
                count = part.count
            }
            let taken = count ?? 0
            try stream.send(buffer[..<taken])
            sent += UInt64(taken)
        }
        guard let trouble else { return try stream.agree() }
        let name = String(decoding: file.path, as: UTF8.self)
        try stream.warn("\(name): \(trouble.reason); what has come of it is not whole")
    }

    private mutating func read(
        _ file: OpenObject, _ part: Range<Int>, at offset: UInt64
    ) throws(SystemError) -> Int {
        try file.withDescriptor { file throws(SystemError) in
            try file.read(into: &buffer, part, at: offset) ?? 0
        }
    }
}
