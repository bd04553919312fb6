import Testing

@testable import SSHCore
import Seeds

@Suite struct ShellWordsTests {
    @Test(
        arguments: [
            ("", []), ("   ", []), ("status", ["status"]),
            (" unlock  disk\tb ", ["unlock", "disk", "b"]),
            ("unlock 'my disk'", ["unlock", "my disk"]),
            (#"unlock "my disk""#, ["unlock", "my disk"]),
            (#"a\ b"#, ["a b"]), (#"a"b"'c'd"#, ["abcd"]), ("''", [""]),
            (#"x "" y"#, ["x", "", "y"]),
            (#""a\"b\\c\d""#, [#"a"b\c\d"#]), (#"'a\b$c'"#, [#"a\b$c"#]), ("--x=1 a=b", nil),
            ("net --interface=eth0", ["net", "--interface=eth0"]), ("a#b", ["a#b"]),
            ("a~b", ["a~b"]),
            ("grün", ["grün"]),
        ] as [(String, [String]?)])
    func splitsAsAShellWould(line: String, words: [String]?) {
        #expect(ShellWords.split(line) == words)
    }

    @Test(arguments: [
        "a | b", "a;b", "a & b", "a > b", "a < b", "a && b", "$HOME", "`id`", "$(id)", "a*", "a?",
        "[a]", "~/x", "#a", "a\nb", "'open", "\"open", "a\\", "\"$x\"", "\"`x`\"", "A=1 b", "{a,b}",
        "(a)", "! a", "a\\\nb", "\"a\\\nb\"",
    ])
    func leavesTheRestToAShell(line: String) { #expect(ShellWords.split(line) == nil) }

    @Test func neverTrapsOnRandomLines() {
        var random = SeededRandom(7)
        let alphabet = Array(" \t'\"\\abc=#~$|\n\u{e9}\u{0}")
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let line = String(
                (0..<count).map { _ in alphabet.randomElement(using: &random) ?? "x" })
            guard let words = ShellWords.split(line) else { continue }
            // Words that are quoted again mean the same.
            let quoted = words.map { word in
                "'"
                    + word.split(separator: "'", omittingEmptySubsequences: false)
                    .joined(separator: #"'\''"#) + "'"
            }
            #expect(ShellWords.split(quoted.joined(separator: " ")) == words)
        }
    }
}

@Suite struct InvocationTests {
    private let applets: Set<String> = ["status", "unlock", "greet"]

    @Test(
        arguments: [
            (nil, .davit(["greet"])), ("status", .davit(["status"])),
            ("davit status --json", .davit(["status", "--json"])), ("davit", .davit([])),
            ("davit-unlock 'a b'", .davit(["unlock", "a b"])), ("davit-rm x", .shell("davit-rm x")),
            ("ls", .shell("ls")), ("status | cat", .shell("status | cat")), ("", .shell("")),
            ("/sbin/status", .shell("/sbin/status")),
        ] as [(String?, Invocation)])
    func choosesWhatToRun(command: String?, invocation: Invocation) {
        #expect(Invocation(command: command) { applets.contains($0) } == invocation)
    }
}
