import Arguments
import Testing

@Suite struct ArgumentReaderTests {
    @Test func takesWhatIsAskedForAndLeavesTheOperands() throws {
        var reader = ArgumentReader(["a", "--once", "--timeout", "5", "--interface=eth0", "-", "b"])
        #expect(try reader.flag("--once"))
        #expect(try reader.flag("--json") == false)
        #expect(try reader.number("--timeout", in: 1...60) == 5)
        #expect(try reader.values("--interface") == ["eth0"])
        #expect(try reader.operands() == ["a", "-", "b"])
    }

    @Test func everythingAfterTheDoubleDashIsAnOperand() throws {
        var reader = ArgumentReader(["--", "--once", "-x"])
        #expect(try reader.flag("--once") == false)
        #expect(try reader.operands() == ["--once", "-x"])
    }

    @Test(arguments: [
        (["--timeout"], "--timeout needs a value after it."),
        (["--timeout", "0"], "--timeout 0: give a whole number from 1 to 60."),
        (["--timeout", "soon"], "--timeout soon: give a whole number from 1 to 60."),
        (["--timeout", "1", "--timeout=2"], "--timeout was given 2 times."),
        (["--once=yes"], "--once=yes: --once takes no value."),
        (["--bogus"], "--bogus: there is no such option."),
        (["a", "b"], "b: one word too many."),
    ])
    func refusesByName(words: [String], message: String) {
        #expect(throws: UsageError(message)) {
            var reader = ArgumentReader(words)
            _ = try reader.flag("--once")
            _ = try reader.number("--timeout", in: 1...60)
            _ = try reader.operands(atMost: 1)
        }
    }
}
