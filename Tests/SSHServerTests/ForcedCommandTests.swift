import Foundation
import LinuxKit
import Testing

/// What a key that is limited by `command=` cannot do, whatever it sends.
@Suite struct ForcedCommandTests {
    /// A command, and bytes that stand for it in this program's memory: how Swift keeps a string of up to 15 bytes,
    /// whole or its second half.
    static let commands: [(String, [UInt8])] = [
        ("unlock", Array("unlock".utf8) + [UInt8](repeating: 0, count: 9) + [0xE6]),
        ("davit unlock", Array("lock".utf8) + [0, 0, 0, 0xEC]),
    ]

    /// What is typed for a passphrase may be anything, also what the server holds in its own memory; nothing but the
    /// copies of what was typed may be overwritten for it.
    @Test(arguments: commands)
    func outlivesAPassphraseThatNamesIt(_ command: String, _ bytes: [UInt8]) throws {
        let server = try TestServer(options: "restrict,command=\"\(command)\"")
        let shared = ["-o", "ControlPath=\(server.scratch)/control"]
        let first = try server.startSSH("first", options: shared + ["-M"])
        try eventually("the first channel is asked for a passphrase") {
            server.log.contains("started unlock")
        }
        let typing = try FileDescriptor(opening: "\(server.scratch)/endless", O_RDWR)
        try typing.write(bytes)
        try eventually("the client has sent it") { try unread(typing) == 0 }

        // On the same connection, so that the server has dealt with what was typed.
        let second = try server.ssh("touch \(server.scratch)/owned", options: shared)
        #expect(!Files.exists("\(server.scratch)/owned"))
        #expect(second.errors.contains("The passphrase is empty."), "\(second)")
        #expect(!server.log.contains("started /bin/sh"))
        first.signal(SIGTERM)
    }

    private func unread(_ pipe: borrowing FileDescriptor) throws -> Int32 {
        var count: Int32 = -1
        try #require(ioctl(pipe.number, UInt(FIONREAD), &count) == 0)
        return count
    }
}
