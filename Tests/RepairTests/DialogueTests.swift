import Foundation
import JSONKit
import LinuxKit
import Testing

/// The guide on a real terminal, with a damaged ext4 and e2fsck: every question, every way to leave it.
@Suite(.enabled(if: Workshop.has("mke2fs", "e2fsck", "debugfs")))
struct DialogueTests {
    /// A directory has lost its inode.
    private func damaged() throws -> Workshop {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "e.img")
        for command in ["mkdir /lost", "clri /lost"] {
            try shop.tool("debugfs", "-w", "-R", command, shop.path("e.img"))
        }
        #expect(try shop.tool("e2fsck", "-f", "-n", shop.path("e.img")).code == 4)
        return shop
    }

    private func start(_ shop: Workshop, _ more: String...) throws -> Terminal {
        try Terminal(shop, ["repair"] + more + [shop.path("e.img")])
    }

    /// Answers up to the question that `step` asks.
    private func walk(_ terminal: Terminal, to step: Step) throws {
        try terminal.expect("Check now, read-only? (yes/no) ")
        guard step != .check else { return }
        try terminal.type("yes\n")
        try terminal.expect("Try the repair on overlays")
        try terminal.expect("(yes/no) ")
        guard step != .trial else { return }
        try terminal.type("no\n")
        try terminal.expect("Write to ext4 ")
        try terminal.expect("(yes/no) ")
    }

    enum Step: Int, CaseIterable { case check, trial, run }

    @Test func fromTheLookToTheRepair() throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        let look = try terminal.expect("Check now, read-only? (yes/no) ")
        #expect(look.contains("ext4 ") && look.contains("1. "), "\(look)")
        try terminal.type("yes\n")
        let check = try terminal.expect("Try the repair on overlays")
        #expect(check.contains("check 1 runs: ext4 "), "\(check)")
        #expect(check.contains("errors are left") || check.contains("uncorrected"), "\(check)")
        try terminal.expect("(yes/no) ")
        try terminal.type("no\n")
        try terminal.expect("Write to ext4 ")
        #expect(try shop.content("e.img") == before, "nothing is written before the last yes")
        try terminal.expect("(yes/no) ")
        try terminal.type("yes\n")
        #expect(try terminal.exit() == .code(1), "\(terminal.shown)")
        #expect(terminal.shown.contains("errors were corrected"), "\(terminal.shown)")
        #expect(try shop.tool("e2fsck", "-f", "-n", shop.path("e.img")).code == 0)
        #expect(try shop.record(1)["purpose"] == "check")
        #expect(try shop.record(2)["purpose"] == "repair")
    }

    @Test func nothingToRepair() throws {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "e.img")
        let terminal = try start(shop)
        try walk(terminal, to: .check)
        try terminal.type("yes\n")
        #expect(try terminal.exit() == .code(0))
        #expect(terminal.shown.contains("There is nothing to repair."), "\(terminal.shown)")
    }

    /// Only the whole words count, and the question comes again.
    @Test func answersThatAreNone() throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        try walk(terminal, to: .check)
        for answer in ["", "y", "YES!", String(repeating: "yes", count: 100), "\u{1B}[A"] {
            try terminal.type(answer + "\n")
            try terminal.expect("Type the whole word yes or no; Ctrl-D ends.")
            try terminal.expect("Check now, read-only? (yes/no) ")
        }
        try terminal.type(" no \n")
        #expect(try terminal.exit() == .code(0))
        #expect(terminal.shown.contains("Nothing was started. "), "\(terminal.shown)")
        #expect(
            terminal.shown.contains("'davit repair --check \(shop.path("e.img"))'"),
            "\(terminal.shown)")
        #expect(try shop.content("e.img") == before)
        #expect((try? shop.record()) == nil, "no job was made")
    }

    @Test func noToTheRepair() throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        try walk(terminal, to: .run)
        try terminal.type("no\n")
        #expect(try terminal.exit() == .code(1))
        let next = "Nothing was written. 'davit repair --run \(shop.path("e.img"))' asks again."
        #expect(terminal.shown.contains(next), "\(terminal.shown)")
        #expect(try shop.content("e.img") == before)
    }

    /// Ctrl-C and Ctrl-D at every question: nothing is half done, and it says how to go on.
    @Test(arguments: Step.allCases, [Terminal.interrupt, Terminal.end])
    func leftByTheKeyboard(_ step: Step, _ key: String) throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        try walk(terminal, to: step)
        try terminal.type(key)
        let exit = try terminal.exit()
        #expect(exit == .code(step == .check ? 0 : 1), "\(terminal.shown)")
        let image = shop.path("e.img")
        let next =
            switch step {
            case .check: "Nothing was started. 'davit repair --check \(image)'"
            case .trial: "Nothing was written. To go on: 'davit repair --trial \(image)'"
            case .run: "Nothing was written. 'davit repair --run \(image)'"
            }
        #expect(terminal.shown.contains(next), "\(terminal.shown)")
        #expect(try shop.content("e.img") == before)
        try nothingRuns(shop, attempts: step == .check ? 0 : 1)
    }

    @Test(arguments: Step.allCases)
    func leftByAHangUp(_ step: Step) throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        try walk(terminal, to: step)
        terminal.hangUp()
        #expect(try terminal.exit() != nil, "it has ended")
        #expect(try shop.content("e.img") == before)
        try nothingRuns(shop, attempts: step == .check ? 0 : 1)
    }

    /// What was typed while the check ran is no consent.
    @Test func typedTooEarly() throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        try walk(terminal, to: .trial)
        try terminal.type("no\nyes\n")
        try terminal.expect("Write to ext4 ")
        try terminal.expect("(yes/no) ")
        try terminal.type("no\n")
        #expect(try terminal.exit() == .code(1))
        #expect(terminal.shown.contains("Nothing was written."), "\(terminal.shown)")
        #expect(try shop.content("e.img") == before)
    }

    /// A trial that cannot be made ends the guide, with the way on.
    @Test func theTrialIsNotPossible() throws {
        let shop = try damaged()
        let before = try shop.content("e.img")
        let terminal = try start(shop)
        try walk(terminal, to: .trial)
        try terminal.type("yes\n")
        #expect(try terminal.exit() == .code(8))
        for words in [
            "The trial could not do its work. The guide ends here.",
            "'davit repair --run \(shop.path("e.img"))'",
        ] { #expect(terminal.shown.contains(words), "\(terminal.shown)") }
        #expect(try shop.content("e.img") == before)
    }

    /// Ctrl-C, and a hang-up, while a check runs end the watching; the check goes on to its end.
    @Test(arguments: [true, false])
    func leftWhileItRuns(_ byKeyboard: Bool) throws {
        let shop = try Workshop()
        let go = shop.path("go")
        let fake = try shop.fakeChecker(
            "echo 'Pass 1: Checking'; until [ -e '\(go)' ] || ! $wanted; do sleep 0.1; done; exit 4"
        )
        let terminal = try start(shop, "--checker", fake)
        try walk(terminal, to: .check)
        try terminal.type("yes\n")
        try terminal.expect("inodes, blocks and sizes")
        if byKeyboard {
            try terminal.type(Terminal.interrupt)
            #expect(try terminal.exit() == .signal(SIGINT), "\(terminal.shown)")
            #expect(
                terminal.shown.contains("The check goes on: 'davit repair watch 1' follows it"),
                "\(terminal.shown)")
        } else {
            terminal.hangUp()
            #expect(try terminal.exit() == .signal(SIGHUP))
        }
        #expect(try shop.record()["state"] == "running")
        try Data().write(to: URL(fileURLWithPath: go))
        #expect(try shop.repair("watch").code == 4)
        #expect(try shop.record()["state"] == "ended")
    }

    private func nothingRuns(_ shop: Workshop, attempts: Int) throws {
        #expect((try? shop.record(attempts + 1)) == nil, "no job was made after it")
        guard attempts > 0 else { return }
        for id in 1...attempts { #expect(try shop.record(id)["state"] == "ended") }
    }
}
