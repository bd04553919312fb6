import Foundation
import LUKSFixtures
import LinuxKit
import ProcessMemory
import Testing

/// Where a passphrase is while it is used, and that it is nowhere afterwards: the memory of every process of the server is read.
@Suite(.serialized) struct PassphraseMemoryTests {
    private static let passphrase = "Sieben Rettungsboote 4713 backbord"

    private static func holders(of secret: String, _ server: TestServer) -> [Int32: Int] {
        ProcessMemory.holders(of: secret, below: server.pid)
    }

    /// Two devices: `first` opens with the passphrase after a slow derivation, `second` with another.
    private func crypttab(_ server: TestServer) throws -> (path: String, images: [LUKSImage]) {
        let slow = try LUKSImage(
            type: "LUKS2", passphrase: Self.passphrase, memoryKiB: 32768, rounds: 60)
        let other = try LUKSImage(type: "LUKS2", passphrase: "another one")
        let path = server.scratch + "/crypttab"
        try Files.replace(
            path, with: "first \(slow.path) none luks\nsecond \(other.path) none luks\n")
        return (path, [slow, other])
    }

    @Test(arguments: [true, false])
    func isNowhereOnceItWasTried(hasTerminal: Bool) throws {
        let server = try TestServer()
        let (tab, images) = try crypttab(server)
        defer { withExtendedLifetime(images) {} }
        mkfifo(server.scratch + "/keys", 0o600)
        let keys = try FileDescriptor(opening: server.scratch + "/keys", O_RDWR)
        let paths = ["keys", "shown", "complaints"].map { server.scratch + "/" + $0 }
        let words = ["unlock", "--test", "--wait", "60", "--crypttab", tab]
        let options = hasTerminal ? ["-tt"] : ["-T"]
        let client = try server.startClient(
            "/usr/bin/ssh", server.sshArguments(options) + ["root@127.0.0.1"] + words, paths)
        func shown() -> String { (Files.text(paths[1]) ?? "") + (Files.text(paths[2]) ?? "") }

        if hasTerminal {
            try eventually("the prompt") { shown().contains("Passphrase for first, second: ") }
        }
        try keys.write(Self.passphrase + "\n")
        guard hasTerminal else {
            // Without an end nothing is tried: it is in the one process that reads it, and not in the one that hands it on.
            try eventually("the passphrase has arrived") {
                !Self.holders(of: Self.passphrase, server).isEmpty
            }
            let holders = Self.holders(of: Self.passphrase, server)
            #expect(holders.count == 1, "\(holders)")
            #expect(server.sessions.allSatisfy { holders[$0] == nil }, "\(holders)")
            client.signal(SIGKILL)
            try eventually("the session ends") { server.sessions.isEmpty }
            #expect(Self.holders(of: Self.passphrase, server).isEmpty)
            return
        }
        // The search finds what is there: the derivation takes a second or more.
        try eventually("the derivation is seen") {
            !Self.holders(of: Self.passphrase, server).isEmpty
        }
        try eventually("the verdict") { shown().contains("first: the passphrase is right.") }
        try eventually("the next prompt") {
            shown().contains("second: no key slot opens") && shown().hasSuffix("second: ")
        }
        // What opened something is kept by the one process that asks, for devices that come late.
        let kept = Self.holders(of: Self.passphrase, server)
        #expect(kept.count == 1 && kept.values.first == 1, "\(kept)")
        try keys.write("another one\n")
        try eventually("the other verdict") { shown().contains("second: the passphrase is right.") }
        // The next passphrase has taken its place, while the session goes on.
        #expect(Self.holders(of: Self.passphrase, server).isEmpty)
    }
}
