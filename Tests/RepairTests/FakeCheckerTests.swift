import Foundation
import JSONKit
import Testing

/// Checkers that misbehave. With `--patience 3` the verdicts come fifteen times faster.
@Suite(.enabled(if: Workshop.has("mke2fs")))
struct FakeCheckerTests {
    private func check(_ shop: Workshop, _ script: String) throws -> Workshop.Outcome {
        let fake = try shop.fakeChecker(script)
        return try shop.repair("--check", "--patience", "3", "--checker", fake, "e.img")
    }

    @Test func exitsWithoutChecking() throws {
        let outcome = try check(try Workshop(), "exit 0")
        #expect(outcome.code == 8)
        #expect(outcome.output.contains("shows no sign of having checked anything"))
    }

    @Test func crashes() throws {
        let outcome = try check(try Workshop(), "echo 'Pass 1: Checking'; kill -SEGV $$")
        #expect(outcome.code == 8)
        #expect(outcome.output.contains("the checker crashed: signal 11"), "\(outcome.output)")
    }

    @Test func printsBinary() throws {
        let outcome = try check(
            try Workshop(), "head -c 300000 /dev/urandom; printf '\\033[2J'; exit 4")
        #expect(outcome.code == 4)
        #expect(!outcome.output.unicodeScalars.contains("\u{1B}"))
    }

    @Test func floodsWithOutput() throws {
        let shop = try Workshop()
        let outcome = try check(shop, "yes 'nothing of interest' | head -c 12000000; exit 4")
        #expect(outcome.code == 4)
        let record = try shop.record()
        #expect(try #require(record["leftOut"]?.int) > 5_000_000)
        let size =
            try FileManager.default.attributesOfItem(
                atPath: shop.run.appendingPathComponent("repair/1/transcript").path)[.size] as? Int
        #expect(try #require(size) < 5_000_000)
    }

    @Test func livelocks() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker(
            "echo 'Pass 1: Checking'; while $wanted; do echo same again; sleep 0.1; done")
        try startDetached(shop, fake)
        #expect(
            try shop.wait { $0["verdict"]?["verdict"] == "livelocked" })
        let record = try shop.record()
        let evidence = try #require(record["evidence"]?.array?.first?.string)
        #expect(try String(contentsOfFile: evidence, encoding: .utf8).contains("task "))
        try cancelled(shop)
    }

    @Test func isOnlySlow() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker(
            "n=0; while $wanted; do n=$((n+1)); echo \"1 $n 1000 x\" >&3; sleep 1.2; done")
        try startDetached(shop, fake)
        // Longer than the patience: it is slow, with an estimate. On a busy machine a step may take longer than it, too.
        #expect(
            try shop.wait {
                $0["verdict"]?["verdict"] == "slow" && ($0["progress"]?["done"]?.int ?? 0) >= 5
                    && $0["estimate"]?["secondsLeft"]?.int != nil
            })
        try cancelled(shop)
    }

    @Test func waitsForNothing() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 1: Checking'; exec $idle")
        try startDetached(shop, fake)
        #expect(try shop.wait { $0["verdict"]?["verdict"] == "unknown" })
        try cancelled(shop)
    }

    /// What a C library keeps back where the output is no terminal is seen while the checker runs.
    @Test(.enabled(if: Workshop.has("mkfs.vfat", "python3")))
    func keepsBackWhatItPrints() throws {
        let shop = try Workshop()
        try shop.image("v.img", megabytes: 16)
        try shop.tool("mkfs.vfat", "v.img")
        let fake = try shop.fakeChecker(
            "exec python3 -c 'import time; print(\"Checking for bad clusters\"); time.sleep(600)'",
            on: "unused.img")
        try startDetached(shop, fake, on: ["v.img"])
        #expect(try shop.record()["progress"]?["phase"] == "files and clusters")
        try cancelled(shop)
        let transcript = try String(
            contentsOf: shop.run.appendingPathComponent("repair/1/transcript"), encoding: .utf8)
        #expect(transcript.hasPrefix("Checking for bad clusters\n"), "\(transcript)")
    }

    @Test func printsNothing() throws {
        let silent = try check(try Workshop(), "exit 8")
        #expect(silent.code == 8)
        #expect(silent.output.contains("the checker could not do its work"), "\(silent.output)")
        let shop = try Workshop()
        let fake = try shop.fakeChecker("exec $idle")
        try startDetached(shop, fake, untilPhase: false)
        #expect(try shop.wait { $0["verdict"]?["verdict"] == "unknown" })
        let record = try shop.record()
        #expect(record["words"]?.string?.hasPrefix("no phase yet") == true)
        #expect(record["verdict"]?["because"]?.string?.contains("it waits for something") == true)
        try cancelled(shop)
    }

    /// Says nothing, and works: what it has moved stands in for what it does not say.
    @Test(
        .enabled(
            if: Workshop.isOnStorage,
            "nothing that is written to the tests' directory, a tmpfs, goes to storage"))
    func worksAndSaysNothing() throws {
        let shop = try Workshop()
        // The shell itself writes: what a child has moved goes away with it.
        let fake = try shop.fakeChecker(
            """
            megabyte=$(head -c 1048576 /dev/zero | tr '\\0' x)
            for n in 1 2 3 4 5 6; do printf %s "$megabyte$megabyte$megabyte$megabyte"; done >"${0%/*}/moved"
            $idle
            """)
        try startDetached(shop, fake, untilPhase: false)
        #expect(try shop.wait { $0["words"]?.string?.contains("24 MiB written") == true })
        try cancelled(shop)
    }

    /// The deadlock that davit is made for: the verdict names it, and what to do with exactly these members.
    @Test(.enabled(if: Workshop.has("xz")))
    func floodsAsTheRecoveryDeadlockDoes() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let fake = try shop.fakeChecker(
            "echo 'journal read done, replaying entries 14-23'; printf 'journal_replay...'; while $wanted; do echo 'bch2_btree_update_start(): error journal_reclaim_would_deadlock'; sleep 0.1; done"
        )
        try startDetached(shop, fake, on: members)
        #expect(try shop.wait { $0["verdict"]?["verdict"] == "livelocked" })
        let record = try shop.record()
        let because = record["verdict"]?["because"]?.string ?? ""
        #expect(because.hasSuffix("This is known: bcachefs-replay-deadlock"), "\(because)")
        let export = "davit export \(members.joined(separator: " "))"
        #expect(
            record["troubles"]?.array?.first?["nextStep"]?.string?.contains(export) == true)
        let list = try shop.repair("list").output
        #expect(list.contains("went into Linux 6.9") && list.contains(export), "\(list)")
        try cancelled(shop)
    }

    @Test func ignoresItsSignals() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker(
            "trap '' INT TERM; echo 'Pass 1: Checking'; while $wanted; do sleep 0.2; done")
        try startDetached(shop, fake)
        let cancel = try shop.repair("cancel")
        #expect(cancel.code == 99)
        #expect(cancel.output.contains("It is in 'inodes, blocks and sizes'"), "\(cancel.output)")
        #expect(try shop.record()["state"] == "cancelling")
        let kill = try shop.repair("cancel", "--kill")
        #expect(kill.code == 0)
        #expect(try shop.record()["exit"]?["bits"]?.int == 32)
    }

    @Test func oneAtATime() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 1: Checking'; exec $idle")
        try startDetached(shop, fake)
        let second = try shop.repair("--check", "--checker", fake, "e.img")
        #expect(second.code == 1)
        #expect(second.error.contains("Repair 1 is at work on"))
        try cancelled(shop)
    }

    /// The session that asked for it ends twice, and the watcher too: the run ends well and its record is whole.
    @Test func theSessionIsCut() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker(
            "for n in 1 2 3 4; do echo \"$n 1 1 x\" >&3; sleep 0.7; done; echo '5 1 1 x' >&3; exit 1"
        )
        try startDetached(shop, fake)
        let watcher = shop.process(Workshop.davit, ["repair", "watch"])
        watcher.standardOutput = FileHandle.nullDevice
        try watcher.run()
        #expect(try shop.wait { ($0["progress"]?["number"]?.int ?? 0) >= 2 })
        kill(watcher.processIdentifier, SIGKILL)
        watcher.waitUntilExit()
        let watched = try shop.repair("watch")
        #expect(watched.code == 1)
        // What came to its end is no news for the next look.
        #expect(!(try shop.repair("e.img").output.contains("The last attempt")))
        let record = try shop.record()
        #expect(record["state"] == "ended")
        #expect(record["exit"]?["words"]?.string == "errors were corrected")
        #expect(record["progress"]?["share"]?.int == 10000)
    }

    /// A job that was killed: the next look says so, and a checker that goes on is not joined by another.
    @Test func theJobIsKilled() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 2: Checking'; exec $idle")
        try startDetached(shop, fake)
        #expect(try shop.wait { $0["progress"]?["number"]?.int == 2 })
        let record = try shop.record()
        let job = try #require(record["pid"]?.int.flatMap { Int32(exactly: $0) })
        let checker = try #require(record["checkerPid"]?.int.flatMap { Int32(exactly: $0) })
        killAndWait(job)
        let list = try shop.repair("list")
        #expect(list.output.contains("the job was killed before its end"), "\(list.output)")
        kill(checker, SIGKILL)
        let look = try shop.repair("e.img")
        #expect(look.output.contains("The last attempt (check 1) was interrupted in: phase 2 of 5"))
        #expect(look.output.contains("The state and the journal are those from before it."))
    }

    /// Nobody reads what a checker prints whose job was killed; that must not end it half way.
    @Test func printsOnWithoutTheJob() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker(
            """
            echo 'Pass 2: Checking'
            until [ -e \(shop.path("go")) ] || ! $wanted; do sleep 0.1; done
            echo 'Pass 3: Checking'
            echo 'Pass 3: Checking' >&2
            echo '3 1 1 x' >&3
            echo written >\(shop.path("end"))
            """)
        try startDetached(shop, fake)
        let job = try #require(try shop.record()["pid"]?.int.flatMap { Int32(exactly: $0) })
        killAndWait(job)
        try Data().write(to: URL(fileURLWithPath: shop.path("go")))
        #expect(
            try shop.wait { _ in FileManager.default.fileExists(atPath: shop.path("end")) })
    }

    @Test func leavesACopyOfTheRecord() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 1: Checking'; echo said; exit 0")
        try shop.repair(
            "--check", "--checker", fake, "--log-to", shop.path("kept"), "e.img")
        let record = try String(
            contentsOfFile: shop.path("kept/davit-repair-1/record.json"), encoding: .utf8)
        #expect(try JSON(parsing: record)["state"] == "ended")
        let transcript = try String(
            contentsOfFile: shop.path("kept/davit-repair-1/transcript"), encoding: .utf8)
        #expect(transcript == "Pass 1: Checking\nsaid\n")
    }

    /// What a killed job leaves behind is known by its session, whatever it calls itself.
    @Test func theOrphanHasAnotherName() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 2: Checking'; exec $idle")
        try startDetached(shop, fake)
        let record = try shop.record()
        let job = try #require(record["pid"]?.int.flatMap { Int32(exactly: $0) })
        let checker = try #require(record["checkerPid"]?.int.flatMap { Int32(exactly: $0) })
        killAndWait(job)
        let second = try shop.repair("--check", "--checker", fake, "e.img")
        #expect(second.code == 1, "\(second.output)")
        #expect(second.error.contains("(process \(checker)) still works"), "\(second.error)")
        killAndWait(checker)
        let other = try shop.fakeChecker("echo 'Pass 1: Checking'; exit 0")
        let third = try shop.repair("--check", "--checker", other, "e.img")
        #expect(third.code == 0, "\(third.error)")
    }

    /// After a reboot the numbers begin anew, /run is empty, and only the copy tells of the interrupted attempt.
    @Test func theMachineIsResetInTheMiddle() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 2: Checking'; exec $idle")
        let caller = shop.process(
            Workshop.davit,
            ["repair", "--check", "--checker", fake, "--log-to", shop.path("kept"), "e.img"])
        caller.standardOutput = FileHandle.nullDevice
        try caller.run()
        #expect(try shop.wait { $0["progress"]?["number"]?.int == 2 })
        let record = try shop.record()
        for name in ["pid", "checkerPid"] {
            kill(try #require(record[name]?.int.flatMap { Int32(exactly: $0) }), SIGKILL)
        }
        caller.waitUntilExit()
        try FileManager.default.removeItem(at: shop.run.appendingPathComponent("repair"))
        let look = try shop.repair("e.img", "--log-to", shop.path("kept"))
        #expect(
            look.output.contains("The last attempt (check 1) was interrupted"), "\(look.output)")
        #expect(look.output.contains("A check writes nothing: begin it anew."))

        let other = try shop.fakeChecker("echo 'Pass 1: Checking'; exit 0")
        try shop.repair("--check", "--checker", other, "--log-to", shop.path("kept"), "e.img")
        let kept = try FileManager.default.contentsOfDirectory(atPath: shop.path("kept")).sorted()
        #expect(kept == ["davit-repair-1", "davit-repair-1-2"], "the older record stays")
    }

    @Test func noRecordOnWhatIsNoPlace() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("exit 0")
        let outcome = try shop.repair("--check", "--checker", fake, "--log-to", fake, "e.img")
        #expect(outcome.code == 1)
        #expect(outcome.error.contains("it is no directory and no block device"))
        #expect(outcome.error.contains("Give another device with a plain, clean file system"))
    }

    /// `davit status` reads the same record: who logs in sees it.
    @Test func statusShowsIt() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker("echo 'Pass 1: Checking'; exec $idle")
        try startDetached(shop, fake)
        let status = try shop.run(Workshop.davit, ["status"])
        #expect(status.output.contains("Repair    check 1 of ext4 on "), "\(status.output)")
        #expect(status.output.contains("; to follow it: davit repair watch 1\n"))
        #expect(status.output.contains("phase 1 of 5: inodes, blocks and sizes"))
        try cancelled(shop)
        let after = try shop.run(Workshop.davit, ["status"])
        #expect(after.output.contains("it was cancelled"), "\(after.output)")
    }

    /// Starts a check whose caller is killed as soon as the job has begun: the first cut of the session.
    func startDetached(
        _ shop: Workshop, _ fake: String, on members: [String] = ["e.img"],
        untilPhase: Bool = true, more: [String] = []
    ) throws {
        let caller = shop.process(
            Workshop.davit,
            ["repair", "--check", "--patience", "3", "--checker", fake] + more + members)
        caller.standardOutput = FileHandle.nullDevice
        try caller.run()
        #expect(
            try shop.wait {
                $0["checkerPid"]?.int != nil
                    && (!untilPhase || $0["progress"]?["phase"]?.string != nil)
            })
        kill(caller.processIdentifier, SIGKILL)
        caller.waitUntilExit()
    }

    /// Until it has let go of its locks and its ends of the pipes, which takes a while on a busy machine.
    private func killAndWait(_ pid: Int32) {
        kill(pid, SIGKILL)
        let deadline = Date().addingTimeInterval(180)
        // A zombie has nothing any more; somebody else collects it.
        while let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            !state.contains(") Z "), Date() < deadline
        {
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    func cancelled(_ shop: Workshop) throws {
        let cancel = try shop.repair("cancel")
        #expect(cancel.code == 0, "\(cancel.output)\(cancel.error)")
        let record = try shop.record()
        #expect(record["state"] == "ended")
        #expect(record["exit"]?["bits"]?.int == 32)
    }
}

extension Workshop {
    @discardableResult
    func repair(_ arguments: [String]) throws -> Outcome {
        try run(Self.davit, ["repair"] + arguments)
    }
}
