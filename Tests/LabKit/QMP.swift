import Foundation
import Synchronization

/// QEMU's machine protocol on a Unix socket: cables, resets, late disks, memory images.
package final class QMP: Sendable {
    private let connection: Mutex<Connection>

    fileprivate struct Connection {
        let socket: Int32
        var received: [UInt8] = []
    }

    /// Connects; the socket appears soon after QEMU starts.
    init(path: String, while child: Child) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        var socket = connect(path)
        while socket == nil {
            guard child.isRunning, ContinuousClock.now < deadline else {
                throw LabError.failed(
                    program: child.name, status: "no control socket", said: child.errors.tail())
            }
            try await Task.sleep(for: .milliseconds(20))
            socket = connect(path)
        }
        guard let socket else { throw LabError.unexpected("No socket at \(path).") }
        connection = Mutex(Connection(socket: socket))
        _ = try connection.withLock { try $0.nextMessage(name: "the greeting") }
        try command("qmp_capabilities")
    }

    deinit { connection.withLock { _ = close($0.socket) } }

    /// Runs one command; fails with QEMU's own words when it refuses.
    package func command(_ name: String, _ arguments: [String: any Sendable] = [:]) throws {
        let request: [String: Any] = ["execute": name, "arguments": arguments]
        let bytes = try JSONSerialization.data(withJSONObject: request)
        try connection.withLock { connection in
            try connection.send(Array(bytes) + [10])
            while true {
                let message = try connection.nextMessage(name: name)
                if message["return"] != nil { return }
                if let refusal = message["error"] as? [String: Any] {
                    throw LabError.unexpected(
                        "QEMU refused \(name): \(refusal["desc"] ?? refusal)")
                }
            }
        }
    }
}

extension QMP.Connection {
    mutating func send(_ bytes: [UInt8]) throws {
        guard write(socket, bytes, bytes.count) == bytes.count else {
            throw LabError.system(call: "write", object: "QEMU's control socket", errno: errno)
        }
    }

    /// The next line as JSON; events that QEMU sends in between are messages too.
    mutating func nextMessage(name: String) throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 10) {
                let line = Data(received[..<end])
                received.removeSubrange(...end)
                return try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = read(socket, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw LabError.system(
                    call: "read", object: "QEMU's control socket, for \(name)", errno: errno)
            }
            received.append(contentsOf: buffer[..<count])
        }
    }
}

private func connect(_ path: String) -> Int32? {
    guard let socket = unixSocket(path) else { return nil }
    // An image of all memory is written before the answer comes.
    var limit = timeval(tv_sec: 240, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    return socket
}

/// A connected stream socket, or `nil`.
func unixSocket(_ path: String) -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
        guard path.utf8.count < room.count else { return false }
        room.copyBytes(from: path.utf8)
        return true
    }
    guard fits else { return nil }
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return nil }
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard connected == 0 else {
        close(descriptor)
        return nil
    }
    return descriptor
}
