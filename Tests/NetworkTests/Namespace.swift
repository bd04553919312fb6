import Foundation
import LinuxKit

/// As long as a step may take on a machine that has much else to do; what takes longer hangs.
let patience = Duration.seconds(180)

/// A network and mount namespace that lives as long as this value, and no longer than the process that made it: it hangs on a
/// holder that the kernel kills with its parent. /etc/resolv.conf is a scratch file in it.
struct Namespace: ~Copyable {
    private let holder: ChildProcess

    init(scratch: String) throws {
        let resolvConf = scratch + "/protected-resolv.conf"
        try Files.replace(resolvConf, with: "")
        var request = ChildProcess.Request(
            "/usr/bin/unshare",
            [
                "--net", "--mount", "/bin/sh", "-c",
                """
                mount --make-rprivate / && mount --bind \(resolvConf) /etc/resolv.conf \
                && ip link set lo up && echo ready && exec sleep infinity
                """,
            ])
        request.environment = Self.environment
        let output = try FileDescriptor.pipe()
        request.output = output.writing.number
        let holder = try ChildProcess(starting: request)
        let events = try Poll.wait(
            [.init(output.reading.number, .input)], until: Clock.now + patience)
        guard events[0].isReadable,
            try output.reading.read(atMost: 5) == .bytes(Array("ready".utf8))
        else { throw LabError("no namespace: these tests need root and unshare(1)") }
        self.holder = holder
    }

    static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]

    var pid: Int32 { holder.pid }

    /// A program in the namespace, not started yet.
    func request(_ words: [String], environment: [String] = []) -> ChildProcess.Request {
        var request = ChildProcess.Request(
            "/usr/bin/nsenter", ["--target", "\(pid)", "--net", "--mount", "--"] + words)
        request.environment = Self.environment + environment
        return request
    }

    /// Runs a shell line to its end and gives what it prints.
    @discardableResult
    func shell(_ line: String) throws -> String {
        let output = try FileDescriptor.pipe()
        var request = request(["/bin/sh", "-c", line])
        request.output = output.writing.number
        request.error = output.writing.number
        var child = try ChildProcess(starting: request)
        let exit = try child.wait(until: Clock.now + patience)
        try output.reading.setNonBlocking()
        var text = ""
        while case .bytes(let bytes) = try output.reading.read(atMost: 65536) {
            text += String(decoding: bytes, as: UTF8.self)
        }
        guard exit == .code(0) else { throw LabError("\(line): \(exit as Any): \(text)") }
        return text
    }
}

struct LabError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
