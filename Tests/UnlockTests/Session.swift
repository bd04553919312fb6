import CLinux
import Foundation
import LinuxKit
import Testing

/// As long as a step may take on a machine that has much else to do; what takes longer hangs.
let patience = Duration.seconds(180)

/// A davit at a terminal: types, reads, looks at the echo.
final class Session {
    let program: Program
    private let terminal: PseudoTerminal
    private var child: ChildProcess
    private(set) var shown = ""
    /// What was shown before the last text that was expected, behind the one before.
    private(set) var before = ""

    init(_ program: Program, _ arguments: [String], environment: [String] = []) throws {
        self.program = program
        terminal = try PseudoTerminal()
        var request = program.request(arguments)
        request.environment += environment
        request.runs(on: terminal.program.number)
        child = try ChildProcess(starting: request)
    }

    var hasEcho: Bool {
        var mode = termios()
        return tcgetattr(terminal.program.number, &mode) == 0
            && mode.c_lflag & tcflag_t(ECHO) != 0
    }

    func type(_ text: String) throws { try terminal.controlling.write(text) }

    func signal(_ signal: Int32) { child.signal(signal) }

    /// Reads until `text` was shown once more.
    func expect(_ text: String) throws {
        let deadline = Clock.now + patience
        while !shown.contains(text), Clock.now < deadline {
            _ = try Poll.wait([.init(terminal.controlling.number, .input)], until: deadline)
            try take()
        }
        let range = try #require(shown.range(of: text), "shown: \(shown)")
        before = String(shown[..<range.lowerBound])
        shown.removeSubrange(..<range.upperBound)
    }

    func exit() throws -> ChildProcess.Exit? {
        let exit = try child.wait(until: Clock.now + patience)
        try take()
        return exit
    }

    private func take() throws {
        while case .bytes(let bytes) = try terminal.controlling.read(atMost: 4096) {
            shown += String(decoding: bytes, as: UTF8.self)
        }
    }
}
