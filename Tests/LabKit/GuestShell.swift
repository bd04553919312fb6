import Foundation
import Synchronization

/// Root's shell inside a guest, through a virtio port: in the initrd and in the booted system.
///
/// It is the lab's own way in, so that a test can look without the network and without davit.
package final class GuestShell: Sendable {
    package enum Phase: String, Sendable { case initrd, system }

    package struct Answer: Sendable {
        package let status: Int
        package let bytes: [UInt8]
        package var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private let socket: Int32
    private let transcript = Transcript("the guest's shell")
    private let requests = Mutex(0)

    init(path: String) throws {
        guard let socket = unixSocket(path) else {
            throw LabError.unexpected("QEMU has no socket for the guest's shell at \(path).")
        }
        self.socket = socket
        let transcript = transcript
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = read(socket, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                transcript.append(buffer[..<count])
            }
            close(socket)
            transcript.close()
        }
    }

    func end() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Waits until the shell of `phase` listens.
    /// - Throws: `.timedOut`.
    package func ready(_ phase: Phase, within limit: Duration) async throws {
        try await transcript.expect("LAB-AGENT \(phase.rawValue)\n", within: limit)
    }

    /// Runs a script with sh; output and errors come back together.
    /// - Throws: `.timedOut`.
    package func run(
        _ script: String, within limit: Duration = .seconds(180)
    ) async throws -> Answer {
        let request = requests.withLock { count in
            count += 1
            return count
        }
        let start = transcript.end
        try send("\(script)\nLAB-RUN \(request)\n")
        let header = try await transcript.expect("LAB-OUT \(request) ", after: start, within: limit)
        let begin = try await transcript.expect("\n", after: header, within: limit)
        let footer = "\nLAB-END \(request) "
        let end = try await transcript.expect(footer, after: begin, within: limit)
        let last = try await transcript.expect("\n", after: end, within: limit)
        let status = transcript.text(from: end, to: last).trimmingCharacters(in: .newlines)
        let bytes = transcript.bytes(from: begin, to: end).dropLast(footer.utf8.count)
        return Answer(status: Int(status) ?? -1, bytes: Array(bytes))
    }

    private func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
            guard count > 0 else {
                throw LabError.system(call: "write", object: "the guest's shell", errno: errno)
            }
            rest.removeFirst(count)
        }
    }
}
