import Testing

@testable import UnlockCore

@Suite struct AskFileTests {
    private func parse(_ text: String) -> AskFile? { AskFile(parsing: Array(text.utf8)) }

    /// As systemd 257 writes it for an encrypted disk.
    @Test func readsWhatSystemdWrites() throws {
        let question = try #require(
            parse(
                """
                [Ask]
                PID=412
                Socket=/run/systemd/ask-password/sck.81f0
                AcceptCached=1
                Echo=0
                NotAfter=90000000
                Silent=0
                Message=Please enter passphrase for disk root:
                Icon=drive-harddisk
                Id=cryptsetup:/dev/disk/by-uuid/da710000\\x2d1ab0\\x2d4000
                """))
        #expect(question.pid == 412)
        #expect(question.socket == "/run/systemd/ask-password/sck.81f0")
        #expect(question.message == "Please enter passphrase for disk root:")
        #expect(question.device == "/dev/disk/by-uuid/da710000-1ab0-4000")
        #expect(question.notAfter == .seconds(90))
        #expect(question.acceptsCached && !question.echoes)
    }

    @Test func questionsForOthersHaveNoDevice() throws {
        let question = try #require(parse("[Ask]\nPID=1\nSocket=/s\nEcho=1\nNotAfter=0\nId=pin"))
        #expect(question.device == nil)
        #expect(question.notAfter == nil)
        #expect(question.echoes)
        #expect(question.message == "Password:")
    }

    /// What cannot be answered is no question, and what would steer the terminal is not shown.
    @Test(arguments: [
        "", "[Ask]\nPID=1", "[Ask]\nSocket=/s", "PID=1\nSocket=/s", "[Ask]\nPID=x\nSocket=/s",
        "[Ask]\nPID=0\nSocket=/s", "[Ask]\nPID=1\nSocket=/s\0", "[Other]\nPID=1\nSocket=/s",
    ])
    func nobodyToAnswer(text: String) { #expect(parse(text) == nil) }

    @Test func aMessageOfNothingThatShowsIsNone() {
        #expect(parse("[Ask]\nPID=1\nSocket=/s\nMessage=\u{1B}")?.message == "Password:")
    }

    @Test func aMessageSteersNoTerminal() {
        let text =
            "[Ask]\nPID=1\nSocket=/s\nMessage=a\u{1B}[2Jb\u{9B}c\rd"
            + String(repeating: "x", count: 900)
        let message = parse(text)?.message ?? ""
        #expect(message.hasPrefix("a[2Jbcdxxx"))
        #expect(message.utf8.count == 300)
    }
}
