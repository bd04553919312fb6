import CLinux
import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// The prompt, on a real pseudo-terminal.
@Suite struct PromptTests {
    /// A davit at a terminal: types, reads, looks at the echo.
    private final class Session {
        let program: Program
        private let terminal: PseudoTerminal
        private var child: ChildProcess
        private(set) var shown = ""

        init(_ program: Program, _ crypttab: String) throws {
            self.program = program
            terminal = try PseudoTerminal()
            var request = program.request(["unlock", "--test", "--crypttab", crypttab])
            request.input = terminal.program.number
            request.output = terminal.program.number
            request.error = terminal.program.number
            request.newSession = true
            request.controllingTerminal = true
            child = try ChildProcess(starting: request)
        }

        var hasEcho: Bool {
            var mode = termios()
            return tcgetattr(terminal.program.number, &mode) == 0
                && mode.c_lflag & tcflag_t(ECHO) != 0
        }

        func type(_ text: String) throws { try terminal.controlling.write(text) }

        func signal(_ signal: Int32) { child.signal(signal) }

        /// Reads until `text` was shown once more; fails after half a minute.
        func expect(_ text: String) throws {
            let deadline = Clock.now + .seconds(30)
            while !shown.contains(text), Clock.now < deadline {
                _ = try Poll.wait([.init(terminal.controlling.number, .input)], until: deadline)
                try take()
            }
            let range = try #require(shown.range(of: text), "shown: \(shown)")
            shown.removeSubrange(..<range.upperBound)
        }

        func exit() throws -> ChildProcess.Exit? {
            let exit = try child.wait(until: Clock.now + .seconds(30))
            try take()
            return exit
        }

        private func take() throws {
            while case .bytes(let bytes) = try terminal.controlling.read(atMost: 4096) {
                shown += String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private func session(
        _ passphrase: String, rounds: UInt32 = 4, memoryKiB: UInt32 = 64
    ) throws -> Session {
        let program = try Program()
        let image = try LUKSImage(
            type: "LUKS2", passphrase: passphrase, memoryKiB: memoryKiB, rounds: rounds)
        // The image must live as long as the program.
        let kept = program.scratch + "/disk.img"
        try FileManager.default.copyItem(atPath: image.path, toPath: kept)
        let tab = try program.file("crypttab", "root \(kept) none luks\n")
        return try Session(program, tab)
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
