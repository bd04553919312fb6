import Glibc
import LinuxKit
import Testing

/// Who sits at a terminal gets it back as it was, whatever was done with it meanwhile.
@Suite struct TerminalModeTests {
    private func mode(_ terminal: borrowing PseudoTerminal) -> (local: tcflag_t, input: tcflag_t) {
        var mode = termios()
        #expect(tcgetattr(terminal.program.number, &mode) == 0)
        return (mode.c_lflag, mode.c_iflag)
    }

    @Test func everyKeyIsHandedOnAndThenAsBefore() throws {
        let terminal = try PseudoTerminal()
        let before = mode(terminal)
        func use() throws {
            let raw = try RawTerminal(terminal.program.number)
            #expect(mode(terminal).local & tcflag_t(ECHO | ICANON | ISIG) == 0)
            withExtendedLifetime(raw) {}
        }
        try use()
        #expect(mode(terminal) == before)
    }

    @Test func whatIsTypedIsHiddenAndThenAsBefore() throws {
        let terminal = try PseudoTerminal()
        let before = mode(terminal)
        func use() throws {
            let hidden = try HiddenInput(on: terminal.program.number)
            #expect(mode(terminal).local & tcflag_t(ECHO) == 0)
            #expect(mode(terminal).local & tcflag_t(ISIG) != 0)
            withExtendedLifetime(hidden) {}
        }
        try use()
        #expect(mode(terminal) == before)
    }

    @Test func whatIsNoTerminalIsNamedAsThat() throws {
        let pipe = try FileDescriptor.pipe()
        #expect(throws: SystemError.self) { _ = try RawTerminal(pipe.reading.number) }
        #expect(throws: SystemError.self) { _ = try HiddenInput(on: pipe.reading.number) }
    }
}
