import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// Where a passphrase is while it is used, and that it is nowhere afterwards: the memory of every process of the server is read.
@Suite(.serialized) struct PassphraseMemoryTests {
    private static let passphrase = "Sieben Rettungsboote 4713 backbord"

    /// The processes below the server, and the server itself.
    private static func processes(of server: TestServer) -> [Int32] {
        var all = [server.pid]
        var next = 0
        while next < all.count {
            all += TestServer.children(of: all[next])
            next += 1
        }
        return all
    }

    /// In which processes, and how often, `secret` stands in memory.
    private static func holders(of secret: String, _ server: TestServer) -> [Int32: Int] {
        var found: [Int32: Int] = [:]
        for pid in processes(of: server) {
            let count = occurrences(of: Array(secret.utf8), in: pid)
            if count > 0 { found[pid] = count }
        }
        return found
    }

    private static func occurrences(of secret: [UInt8], in pid: Int32) -> Int {
        guard let maps = Files.text("/proc/\(pid)/maps"),
            let memory = try? FileDescriptor(opening: "/proc/\(pid)/mem", O_RDONLY)
        else { return 0 }
        var count = 0
        for line in maps.split(separator: "\n") where line.contains(" rw") {
            let ends = line.prefix { $0 != " " }.split(separator: "-")
            guard ends.count == 2, let start = UInt64(ends[0], radix: 16),
                let end = UInt64(ends[1], radix: 16), end - start < 1 << 28,
                let bytes = try? memory.read(Int(end - start), at: start)
            else { continue }
            count += Self.count(of: secret, in: bytes)
        }
        return count
    }

    private static func count(of secret: [UInt8], in bytes: [UInt8]) -> Int {
        var count = 0
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let first = secret.first else { return }
            var at = 0
            while at + secret.count <= bytes.count,
                let hit = memchr(base + at, Int32(first), bytes.count - secret.count + 1 - at)
            {
                at = UnsafeRawPointer(hit) - base
                if memcmp(base + at, secret, secret.count) == 0 { count += 1 }
                at += 1
            }
        }
        return count
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
