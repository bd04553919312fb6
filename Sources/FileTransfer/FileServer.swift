import LinuxKit
import SFTPCore

/// `davit sftp-server`: SFTP on standard input and output, one process for each channel.
///
/// A process of its own rather than a part of `davit session`, because a disk that does not answer holds up whoever
/// reads it, and must not hold up the other channels of the connection. It waits wherever it can: a client that does
/// not fetch its replies stops being read, and nothing piles up here.
package struct FileServer {
    package struct Options: Sendable {
        package var isReadOnly = false
        /// Permission bits that new files do not get.
        package var creationMask: UInt32 = 0o022
        /// Where relative paths begin; `nil` for where a command would be started, too.
        package var directory: String?
        package init() {}
    }

    /// The largest packet, and what one read of the pipe may bring beyond it.
    private static let inputCapacity = 4 + Limits.packet + 65536
    /// The largest reply, and room for small ones in front of it.
    private static let outputCapacity = Limits.packet + 65536

    private var dispatcher: Dispatcher
    private var runner = OperationRunner()
    private var input = [UInt8](repeating: 0, count: inputCapacity)
    private var filled = 0
    private var output = [UInt8](repeating: 0, count: outputCapacity)
    private var pending = 0

    private init(_ options: Options) { dispatcher = Dispatcher(isReadOnly: options.isReadOnly) }

    /// Readies this process and serves until the client ends.
    /// - Returns: what the client did that ends it early, `nil` for a proper end.
    /// - Throws: when the directory cannot be had, or standard input or output is broken.
    package static func serve(_ options: Options) throws(SystemError) -> String? {
        // Descriptors: each handle is one. Memory: what follows from the limits is under 16 MiB; the rest is libc's.
        try ResourceLimits.set(.descriptors, to: UInt(Limits.handles) + 32)
        try ResourceLimits.set(.memory, to: 256 << 20)
        FileCalls.setCreationMask(options.creationMask)
        if let directory = options.directory {
            try FileCalls.changeDirectory(Array(directory.utf8))
        }
        var server = FileServer(options)
        return try server.run()
    }

    private mutating func run() throws(SystemError) -> String? {
        while try readMore() {
            if let complaint = try handlePackets() { return complaint }
            try flush()
        }
        return nil
    }

    /// - Returns: `false` at the end.
    private mutating func readMore() throws(SystemError) -> Bool {
        let count = try StandardStreams.read(into: &input, filled..<input.count)
        filled += count
        return count > 0
    }

    private mutating func handlePackets() throws(SystemError) -> String? {
        var start = 0
        defer { keepRest(from: start) }
        while true {
            switch Dispatcher.frame(input[start..<filled]) {
            case .incomplete: return nil
            case .tooLong(let length): return "a packet of \(length) bytes"
            case .packet(let length):
                let content = start + 4..<start + 4 + length
                start = content.upperBound
                if let complaint = try handle(content) { return complaint }
            }
        }
    }

    /// Moves what belongs to the next packet to the front.
    private mutating func keepRest(from start: Int) {
        guard start > 0 else { return }
        input.withUnsafeMutableBytes { input in
            guard let base = input.baseAddress else { return }
            base.copyMemory(from: base + start, byteCount: filled - start)
        }
        filled -= start
    }

    private mutating func handle(_ packet: Range<Int>) throws(SystemError) -> String? {
        switch dispatcher.receive(input[packet]) {
        case .end(let complaint): return complaint
        case .reply(let reply): try send(reply)
        case .perform(let id, .read(let slot, let offset, let count)):
            try sendContent(id, slot, offset, count)
        case .perform(let id, let operation):
            try send(dispatcher.finish(id, operation, runner.perform(operation)))
        }
        return nil
    }

    /// From the file into the buffer that is written out, without a copy in between.
    private mutating func sendContent(
        _ id: UInt32, _ slot: Int, _ offset: UInt64, _ count: Int
    ) throws(SystemError) {
        try makeRoom(Reply.dataHeaderLength + count)
        let start = pending + Reply.dataHeaderLength
        let outcome = runner.read(slot, at: offset, into: &output, start..<start + count)
        try send(
            dispatcher.finish(id, .read(slot: slot, offset: offset, count: count), outcome))
        if case .data(let count) = outcome { pending += count }
    }

    private mutating func send(_ reply: [UInt8]) throws(SystemError) {
        try makeRoom(reply.count)
        output.replaceSubrange(pending..<pending + reply.count, with: reply)
        pending += reply.count
    }

    private mutating func makeRoom(_ count: Int) throws(SystemError) {
        if pending + count > output.count { try flush() }
        // A reply that is longer than the buffer does not exist; one that did would not end the process.
        if pending + count > output.count {
            output += [UInt8](repeating: 0, count: pending + count - output.count)
        }
    }

    private mutating func flush() throws(SystemError) {
        guard pending > 0 else { return }
        let count = pending
        pending = 0
        try StandardStreams.write(output[..<count])
    }
}
