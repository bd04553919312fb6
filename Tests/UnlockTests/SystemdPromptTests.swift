import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// systemd's side of its protocol for passwords, played by the test; davit is the agent.
@Suite struct SystemdPromptTests {
    /// A question with a socket, in a scratch directory.
    private final class Question {
        let socket: FileDescriptor
        private let file: String
        private let path: String

        init(_ program: Program, _ name: String, _ lines: String) throws {
            let directory = program.scratch + "/system/systemd/ask-password"
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            path = "\(directory)/sck.\(name)"
            file = "\(directory)/ask.\(name)"
            socket = FileDescriptor(
                adopting: Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafeBytes(of: &address) { bytes in
                bind(
                    socket.number, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                    socklen_t(bytes.count))
            }
            try #require(bound == 0)
            try socket.setNonBlocking()
            // Renamed into place, as systemd does.
            try Files.replace(
                file, with: "[Ask]\nPID=\(getpid())\nSocket=\(path)\nNotAfter=0\n\(lines)\n")
        }

        /// The datagram that answers it; takes the question away then, as systemd does.
        func answer() throws -> String? {
            let deadline = Clock.now + patience
            while Clock.now < deadline {
                _ = try Poll.wait([.init(socket.number, .input)], until: deadline)
                if case .bytes(let bytes) = try socket.read(atMost: 1024) {
                    unlink(file)
                    unlink(path)
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
            return nil
        }
    }

    private func session(_ program: Program, _ crypttab: String) throws -> Session {
        try Session(
            program, ["unlock", "--crypttab", crypttab],
            environment: ["DAVIT_SYSTEM_RUN=\(program.scratch)/system"])
    }

    /// A crypttab without anything to type for.
    private func emptyTab(_ program: Program) throws -> String {
        try program.file("crypttab", "other /dev/null /etc/passwd luks\n")
    }

    @Test func answersAQuestionThatIsNotAboutADisk() throws {
        let program = try Program()
        let question = try Question(
            program, "1", "Message=PIN of the token:\nId=pin\nEcho=1")
        let session = try session(program, try emptyTab(program))
        try session.expect("PIN of the token: (asked by systemd) ")
        try session.type("24")
        try session.expect("24")
        try session.type("68\r")
        #expect(try question.answer() == "+2468")
        try session.expect("Handed to systemd.")
        #expect(try session.exit() == .code(0))
    }

    @Test func aSecretIsNotShown() throws {
        let program = try Program()
        let question = try Question(program, "1", "Message=Secret:\nEcho=0")
        let session = try session(program, try emptyTab(program))
        try session.expect("Secret: (asked by systemd) ")
        try session.type("Anker\r")
        #expect(try question.answer() == "+Anker")
        try session.expect("Handed to systemd.")
        #expect(try session.exit() == .code(0))
    }

    /// Where the key file does not fit systemd asks, and nothing of it can be proven here.
    @Test func asksForADiskThatIsLeftToTheSystem() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "Rettungsring")
        let question = try Question(
            program, "1", "Message=Passphrase for root:\nId=cryptsetup:\(image.path)")
        let tab = try program.file("crypttab", "root \(image.path) /etc/passwd luks\n")
        let session = try session(program, tab)
        try session.expect("root: Its key is the file /etc/passwd, which the system uses itself.")
        try session.expect("Passphrase for root: (asked by systemd) ")
        try session.type("Rettungsring\r")
        #expect(try question.answer() == "+Rettungsring")
        #expect(try session.exit() == .code(0))
    }

    /// The passphrase of a disk is proven first: a wrong one costs systemd none of its tries.
    @Test func provesThePassphraseOfADiskBeforeSystemdGetsIt() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "Rettungsring")
        let question = try Question(
            program, "1",
            "Message=Please enter passphrase for disk root:\nId=cryptsetup:\(image.path)")
        let tab = try program.file("crypttab", "root \(image.path) none luks\n")
        let session = try session(program, tab)
        try session.expect("Passphrase for root: ")
        try session.type("Schwimmweste\r")
        try session.expect("root: no key slot opens with this passphrase.")
        try session.expect("Passphrase for root: ")
        try session.type("Rettungsring\r")
        try session.expect("handing it to the boot scripts")
        #expect(try question.answer() == "+Rettungsring")
    }
}
