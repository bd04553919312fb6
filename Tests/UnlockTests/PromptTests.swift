import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// The prompt, on a real pseudo-terminal.
@Suite struct PromptTests {
    private func session(
        _ passphrase: String, _ program: Program? = nil, rounds: UInt32 = 4,
        memoryKiB: UInt32 = 64, options: [String] = []
    ) throws -> Session {
        let program = try program ?? Program()
        let image = try LUKSImage(
            type: "LUKS2", passphrase: passphrase, memoryKiB: memoryKiB, rounds: rounds)
        // The image must live as long as the program.
        let kept = program.scratch + "/disk.img"
        try FileManager.default.copyItem(atPath: image.path, toPath: kept)
        let tab = try program.file("crypttab", "root \(kept) none luks\n")
        return try Session(program, ["unlock", "--test", "--crypttab", tab] + options)
    }

    @Test func asksAgainAfterAWrongPassphrase() throws {
        let session = try session("Rettungsring")
        try session.expect("Passphrase for root: ")
        #expect(!session.hasEcho)
        try session.type("Schwimmweste\r")
        try session.expect("root: no key slot opens with this passphrase.")
        try session.expect("Passphrase for root: ")
        #expect(!session.hasEcho)
        try session.type("Rettungsring\r")
        try session.expect("root: the passphrase is right.")
        #expect(try session.exit() == .code(0))
        #expect(session.hasEcho)
        #expect(!session.program.everything().contains("Rettungsring"))
    }

    @Test func whatIsTypedIsNotShown() throws {
        let session = try session("geheim")
        try session.expect("Passphrase for root: ")
        try session.type("geheim\r")
        #expect(try session.exit() == .code(0))
        #expect(!session.shown.contains("geheim"))
        #expect(session.shown.contains("root: the passphrase is right."))
    }

    /// Backspace takes a whole character, Ctrl-U everything.
    @Test(arguments: ["xgru\u{7F}\u{7F}\u{7F}\u{7F}grün", "wrong\u{15}grün", "grüß\u{7F}\u{7F}ün"])
    func linesCanBeEdited(typed: String) throws {
        let session = try session("grün")
        try session.expect("Passphrase for root: ")
        try session.type(typed + "\r")
        #expect(try session.exit() == .code(0))
    }

    @Test(arguments: ["\u{3}", "half\u{3}", "\u{4}"])
    func isEndedByKeys(typed: String) throws {
        let session = try session("x")
        try session.expect("Passphrase for root: ")
        try session.type(typed)
        #expect(try session.exit() == .code(1))
        #expect(session.hasEcho)
        #expect(session.shown.contains("Ended before everything was open."))
    }

    @Test func isEndedByControlCWhileAKeyIsDerived() throws {
        let session = try session("x", rounds: 200, memoryKiB: 65536)
        try session.expect("Passphrase for root: ")
        try session.type("y\r")
        try session.expect("root: deriving its key (argon2id with 64 MiB)")
        #expect(!session.hasEcho)
        try session.type("\u{3}")
        #expect(try session.exit() == .code(1))
        #expect(session.hasEcho)
        #expect(session.program.state("root").contains("\"locked\""))
    }

    /// Two administrators: who comes second waits, however long the first one's derivations take.
    @Test func aTurnIsWaitedForWithoutEnd() throws {
        let program = try Program()
        try Files.makeDirectory(program.scratch + "/run/unlock")
        var lock = try LockFile(taking: program.scratch + "/run/unlock/lock")
        let session = try session("x", program, options: ["--timeout", "5"])
        try session.expect("Passphrase for root: ")
        try session.type("x\r")
        try session.expect("is trying a passphrase now; waiting for it.")
        let deadline = Clock.now + .seconds(6)
        while Clock.now < deadline { _ = try Poll.wait([], until: deadline) }
        lock = nil
        try session.expect("root: the passphrase is right.")
        #expect(try session.exit() == .code(0))
        _ = lock
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func putsTheEchoBackOnASignal(signal: Int32) throws {
        let session = try session("x")
        try session.expect("Passphrase for root: ")
        #expect(!session.hasEcho)
        session.signal(signal)
        #expect(try session.exit() == .code(1))
        #expect(session.hasEcho)
    }

    @Test func anEmptyLineIsNotTried() throws {
        let session = try session("x")
        try session.expect("Passphrase for root: ")
        try session.type("\r")
        try session.expect("Nothing was typed. Ctrl-D ends without unlocking.")
        try session.expect("Passphrase for root: ")
        try session.type("x\r")
        #expect(try session.exit() == .code(0))
    }
}
