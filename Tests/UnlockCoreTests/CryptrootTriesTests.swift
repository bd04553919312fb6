import Testing
import UnlockCore

/// What is overtaken costs cryptroot its tries; and who is not waited for without end.
@Suite struct CryptrootTriesTests {
    typealias Machine = AttemptMachine
    typealias Seen = AttemptMachine.Observation

    private func machine(_ names: [String], cryptroots: [String] = []) -> Machine {
        Machine(
            devices: names.map { .init(name: $0, costKiB: 1) }, cryptroots: cryptroots,
            plan: WorkerPlan(availableKiB: 1 << 20, processors: 64), onlyTest: false,
            workerLimit: .seconds(100))
    }

    private func asking(_ name: String, _ pid: Int32 = 7) -> Machine.Asking {
        .init(name: name, pid: pid)
    }

    /// After its third try at what is open cryptroot ends, and asks for the other disk no more.
    @Test func noPromptIsReleasedWhileAnotherDiskIsLocked() {
        var first = machine(["root", "data"], cryptroots: ["root", "data"])
        #expect(first.handle(.began(Seen()), at: .zero) == [.open("root"), .open("data")])
        let prompt = Seen(open: ["root"], asking: asking("root"), cryptrootRuns: true)
        _ = first.handle(.observed(prompt), at: .seconds(1))
        #expect(
            first.handle(.finished(name: "root", .accepted), at: .seconds(2))
                == [.settled("root", .opened)])
        #expect(
            first.handle(.finished(name: "data", .wrong), at: .seconds(3))
                == [.settled("data", .wrong), .end])

        var second = machine(["data"], cryptroots: ["data"])
        #expect(second.handle(.began(prompt), at: .seconds(9)) == [.open("data")])
        #expect(
            second.handle(.finished(name: "data", .accepted), at: .seconds(10))
                == [.settled("data", .opened), .release(asking("root"))])

        // Only the root was named; what is locked besides counts nevertheless.
        var named = machine(["other"], cryptroots: ["data"])
        _ = named.handle(.began(prompt), at: .zero)
        #expect(
            named.handle(.finished(name: "other", .accepted), at: .seconds(1))
                == [.settled("other", .opened), .end])
    }

    /// cryptroot waits for a disk or derives a key, and asks for nothing: what comes next is left to it.
    @Test func whatCryptrootWillAskForNextIsProvenAndFed() {
        var machine = machine(["root", "data"], cryptroots: ["root", "data"])
        let busy = Seen(cryptrootRuns: true)
        #expect(machine.handle(.began(busy), at: .zero) == [.test("root"), .open("data")])
        #expect(machine.handle(.finished(name: "root", .accepted), at: .seconds(2)).isEmpty)
        #expect(
            machine.handle(.finished(name: "data", .accepted), at: .seconds(3))
                == [.settled("data", .opened)])
        let prompt = Seen(open: ["data"], asking: asking("root"), cryptrootRuns: true)
        #expect(machine.handle(.observed(prompt), at: .seconds(5)) == [.feed(asking("root"))])
    }

    /// What is open already it does not ask for next.
    @Test func whatCryptrootAsksForNextIsTheFirstThatIsLocked() {
        var machine = machine(["data"], cryptroots: ["root", "data"])
        let busy = Seen(open: ["root"], cryptrootRuns: true)
        #expect(machine.handle(.began(busy), at: .zero) == [.test("data")])
    }

    @Test func aWorkerWhoseMappingIsThereIsNotWaitedForWithoutEnd() {
        var machine = machine(["a"])
        _ = machine.handle(.began(Seen()), at: .zero)
        #expect(machine.handle(.observed(Seen(open: ["a"])), at: .seconds(1)).isEmpty)
        #expect(machine.deadline == .seconds(11))
        #expect(machine.handle(.timeReached, at: .milliseconds(10_999)).isEmpty)
        #expect(
            machine.handle(.timeReached, at: .seconds(11))
                == [.abandon("a"), .settled("a", .openedElsewhere), .end])
    }

    @Test func cryptrootIsNotWatchedWithoutEnd() {
        var machine = machine([])
        let seen = Seen(open: ["root"], cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero).isEmpty)
        #expect(machine.deadline == .seconds(12))
        #expect(machine.handle(.timeReached, at: .milliseconds(11_999)).isEmpty)
        #expect(machine.handle(.timeReached, at: .seconds(12)) == [.end])
    }

    @Test func aScriptThatAsksAgainAndAgainIsLeftAlone() {
        var machine = machine([])
        var seen = Seen(open: ["root"], cryptrootRuns: true)
        for pid in Int32(1)...20 {
            seen.asking = asking("root", pid)
            #expect(
                machine.handle(.observed(seen), at: .seconds(pid)) == [
                    .release(asking("root", pid))
                ])
        }
        seen.asking = asking("root", 21)
        #expect(machine.handle(.observed(seen), at: .seconds(21)) == [.end])
    }

    @Test func cryptrootThatWasGivenNothingIsNotWatched() {
        var machine = machine(["a"])
        #expect(machine.handle(.began(Seen(cryptrootRuns: true)), at: .zero) == [.open("a")])
        #expect(
            machine.handle(.finished(name: "a", .wrong), at: .seconds(1))
                == [.settled("a", .wrong), .end])
    }

    /// Between two prompts, too, it is only proven; and where no prompt comes any more it stays as it is.
    @Test func whatIsOpenIsNotOpenedASecondTime() {
        var machine = Machine(
            devices: [.init(name: "root", costKiB: 1, tries: 0, reopens: true)],
            plan: WorkerPlan(availableKiB: 1 << 20, processors: 64), onlyTest: false,
            workerLimit: .seconds(100))
        let seen = Seen(open: ["root"], cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.test("root")])
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(2))
                == [.settled("root", .openedElsewhere)])
    }
}
