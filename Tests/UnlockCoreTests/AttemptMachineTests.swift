import Seeds
import Testing
import UnlockCore

/// Conversations: what the driver is told to do, event by event.
@Suite struct AttemptMachineTests {
    typealias Machine = AttemptMachine
    typealias Seen = AttemptMachine.Observation

    private func machine(
        _ names: [String], cryptroots: [String] = [], onlyTest: Bool = false, tries: Int = 3,
        availableGiB: Int = 64
    ) -> Machine {
        Machine(
            devices: names.map { .init(name: $0, costKiB: 1 << 20, tries: tries) },
            cryptroots: cryptroots,
            plan: WorkerPlan(availableKiB: availableGiB << 20, processors: 64), onlyTest: onlyTest,
            workerLimit: .seconds(100))
    }

    private func asking(_ name: String, _ pid: Int32 = 7) -> Machine.Asking {
        .init(name: name, pid: pid)
    }

    @Test func withoutCryptrootEverythingIsOpenedAtOnce() {
        var machine = machine(["a", "b"])
        #expect(machine.handle(.began(Seen()), at: .zero) == [.open("a"), .open("b")])
        #expect(
            machine.handle(.finished(name: "b", .wrong), at: .seconds(2))
                == [.settled("b", .wrong)])
        #expect(
            machine.handle(.finished(name: "a", .accepted), at: .seconds(3))
                == [.settled("a", .opened), .end])
        #expect(machine.deadline == nil)
    }

    /// Opened by hand: cryptroot asks three times for what is open, with a second of nothing in between.
    @Test func anAttemptWithoutDevicesReleasesEveryPromptUntilCryptrootIsDone() {
        var machine = machine([])
        var seen = Seen(open: ["root"], asking: asking("root", 7), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.release(asking("root", 7))])
        seen.asking = nil
        #expect(machine.handle(.observed(seen), at: .seconds(1)).isEmpty)
        seen.asking = asking("root", 8)
        #expect(machine.handle(.observed(seen), at: .seconds(2)) == [.release(asking("root", 8))])
        #expect(machine.deadline == .seconds(14), "it is watched from then on")
        seen = Seen(open: ["root"])
        #expect(machine.handle(.observed(seen), at: .seconds(3)) == [.end])
    }

    private func systemd(_ name: String, _ socket: String = "/s") -> Machine.Asking {
        .init(name: name, pid: 9, socket: socket)
    }

    /// Each question has a socket of its own: the fastest is answered first, and what systemd opens is its own.
    @Test func whatSystemdAsksForIsProvenAndAnsweredAtOnce() {
        var machine = machine(["root", "data", "free"])
        let seen = Seen(systemd: [systemd("root", "/1"), systemd("data", "/2")])
        #expect(
            machine.handle(.began(seen), at: .zero)
                == [.test("root"), .test("data"), .open("free")])
        #expect(
            machine.handle(.finished(name: "data", .accepted), at: .seconds(2))
                == [.feed(systemd("data", "/2"))])
        #expect(
            machine.handle(.finished(name: "root", .wrong), at: .seconds(3))
                == [.settled("root", .wrong)])
        let taken = Seen(systemd: [systemd("root", "/1")])
        #expect(machine.handle(.observed(taken), at: .seconds(3)).isEmpty)
        let open = Seen(open: ["data"], systemd: [systemd("root", "/1")], systemdRuns: true)
        #expect(
            machine.handle(.observed(open), at: .seconds(5))
                == [.settled("data", .openedBySystemd)])
        #expect(
            machine.handle(.finished(name: "free", .accepted), at: .seconds(6))
                == [.settled("free", .opened), .end])
    }

    /// systemd asks again (it could not open it), or is gone with its answer.
    @Test(arguments: [
        Seen(systemd: [.init(name: "root", pid: 9, socket: "/other")]), Seen(),
    ])
    func whatSystemdCannotOpenIsOpenedHere(later: Seen) {
        var machine = machine(["root"])
        let seen = Seen(systemd: [systemd("root")])
        #expect(machine.handle(.began(seen), at: .zero) == [.test("root")])
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(2))
                == [.feed(systemd("root"))])
        // 20 s and four times the derivation's 2 s.
        #expect(machine.deadline == .seconds(30))
        #expect(machine.handle(.observed(later), at: .seconds(4)) == [.open("root")])
    }

    /// Its question is gone, and it has not gone itself: the next question may be on its way.
    @Test func systemdThatAsksForNothingIsWaitedForAWhile() {
        var machine = machine(["root"])
        #expect(
            machine.handle(.began(Seen(systemd: [systemd("root")])), at: .zero) == [.test("root")])
        #expect(machine.handle(.observed(Seen(systemdRuns: true)), at: .seconds(1)).isEmpty)
        #expect(machine.handle(.finished(name: "root", .accepted), at: .seconds(2)).isEmpty)
        #expect(machine.deadline == .seconds(14))
        #expect(machine.handle(.timeReached, at: .seconds(14)) == [.open("root")])
    }

    @Test func whatCryptrootAsksForIsProvenAndFedLast() {
        var machine = machine(["root", "data"])
        let seen = Seen(asking: asking("root"), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.test("root"), .open("data")])
        #expect(machine.handle(.finished(name: "root", .accepted), at: .seconds(3)).isEmpty)
        #expect(
            machine.handle(.finished(name: "data", .accepted), at: .seconds(4))
                == [.settled("data", .opened), .feed(asking("root"))])
        // cryptroot's own cryptsetup is at work: the prompt is gone, the mapping not yet there.
        let working = Seen(open: ["data"], cryptrootRuns: true)
        #expect(machine.handle(.observed(working), at: .seconds(5)).isEmpty)
        let done = Seen(open: ["data", "root"], cryptrootRuns: true)
        #expect(
            machine.handle(.observed(done), at: .seconds(8))
                == [.settled("root", .openedByCryptroot)])
        // Its script goes on to the next entry, finds it open, and ends.
        #expect(
            machine.handle(.observed(Seen(open: ["data", "root"])), at: .seconds(9)) == [.end])
    }

    @Test func aWrongPassphraseCostsCryptrootNoTry() {
        var machine = machine(["root"])
        let seen = Seen(asking: asking("root"), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.test("root")])
        #expect(
            machine.handle(.finished(name: "root", .wrong), at: .seconds(1))
                == [.settled("root", .wrong), .end])
    }

    @Test func openedAtTheConsoleMeanwhileIsASuccess() {
        var machine = machine(["root"])
        let seen = Seen(asking: asking("root"), cryptrootRuns: true)
        _ = machine.handle(.began(seen), at: .zero)
        let opened = Seen(open: ["root"], cryptrootRuns: true)
        #expect(
            machine.handle(.observed(opened), at: .seconds(1))
                == [.abandon("root"), .settled("root", .openedElsewhere)])
        #expect(machine.handle(.observed(Seen(open: ["root"])), at: .seconds(2)) == [.end])
    }

    @Test func cryptrootThatDoesNotTakeItIsOvertakenAndReleased() {
        var machine = machine(["root"])
        let seen = Seen(asking: asking("root"), cryptrootRuns: true)
        _ = machine.handle(.began(seen), at: .zero)
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(5))
                == [.feed(asking("root"))])
        // 20 s and four times the derivation's 5 s after the feeding at 5 s.
        #expect(machine.deadline == .seconds(45))
        #expect(machine.handle(.timeReached, at: .milliseconds(44_999)).isEmpty)
        #expect(machine.handle(.timeReached, at: .seconds(45)) == [.open("root")])
        let stillAsking = Seen(open: ["root"], asking: asking("root", 8), cryptrootRuns: true)
        #expect(machine.handle(.observed(stillAsking), at: .seconds(49)).isEmpty)
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(50))
                == [.settled("root", .opened), .release(asking("root", 8))])
        // One write for each prompt, however often it is seen.
        #expect(machine.handle(.observed(stillAsking), at: .seconds(51)).isEmpty)
        let next = Seen(open: ["root"], asking: asking("root", 9), cryptrootRuns: true)
        #expect(machine.handle(.observed(next), at: .seconds(52)) == [.release(asking("root", 9))])
        #expect(machine.handle(.observed(Seen(open: ["root"])), at: .seconds(53)) == [.end])
    }

    /// The driver would not wait at all for a time that is past, beside a derivation that needs the processor.
    @Test func whoWaitsForOthersHasNoTimeOfItsOwn() {
        var machine = machine(["root", "data"])
        let seen = Seen(cryptrootRuns: true)
        _ = machine.handle(.began(Seen(asking: asking("root"), cryptrootRuns: true)), at: .zero)
        _ = machine.handle(.observed(seen), at: .seconds(1))
        #expect(machine.handle(.finished(name: "root", .accepted), at: .seconds(2)).isEmpty)
        #expect(machine.deadline == .seconds(100), "of the derivation for data")
        #expect(machine.handle(.timeReached, at: .seconds(50)).isEmpty)
        #expect(machine.deadline == .seconds(100))
        #expect(
            machine.handle(.finished(name: "data", .accepted), at: .seconds(60))
                == [.settled("data", .opened), .open("root")])
    }

    @Test func theAftercareCountsWhenEverythingIsSettled() {
        var machine = machine(["root"], tries: 0)
        _ = machine.handle(.began(Seen()), at: .zero)
        let late = Seen(open: ["root"], asking: asking("root"), cryptrootRuns: true)
        _ = machine.handle(.observed(late), at: .seconds(1))
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(1))
                == [.settled("root", .opened), .closeAndFeed(asking("root"))])
        // Fed again: cryptroot has 60 s, and the 12 s after a release do not run.
        #expect(machine.deadline == .seconds(61))
        _ = machine.handle(.observed(Seen(cryptrootRuns: true)), at: .seconds(20))
        #expect(machine.deadline == .seconds(61))
    }

    @Test func aPromptThatComesBackMeansThatTheFedPassphraseWasRefused() {
        var machine = machine(["root"])
        _ = machine.handle(
            .began(Seen(asking: asking("root", 1), cryptrootRuns: true)), at: .zero)
        _ = machine.handle(.finished(name: "root", .accepted), at: .seconds(1))
        // The prompt is still the same one, though the script was not seen this time.
        let same = Seen(asking: asking("root", 1))
        #expect(machine.handle(.observed(same), at: .seconds(2)).isEmpty)
        let again = Seen(asking: asking("root", 2), cryptrootRuns: true)
        #expect(machine.handle(.observed(again), at: .seconds(3)) == [.open("root")])
    }

    @Test func triesWithoutEndAreEndedByClosingAndFeeding() {
        var machine = machine(["root"], tries: 0)
        #expect(machine.handle(.began(Seen()), at: .zero) == [.open("root")])
        // cryptroot had looked for the mapping just before it was there.
        let late = Seen(open: ["root"], asking: asking("root"), cryptrootRuns: true)
        #expect(machine.handle(.observed(late), at: .seconds(1)).isEmpty)
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(1))
                == [.settled("root", .opened), .closeAndFeed(asking("root"))])
        // Closed, and not yet open again: nothing is over, whatever was seen before.
        #expect(machine.handle(.timeReached, at: .seconds(1)).isEmpty)
        #expect(machine.handle(.observed(Seen(cryptrootRuns: true)), at: .seconds(2)).isEmpty)
        let open = Seen(open: ["root"], cryptrootRuns: true)
        #expect(
            machine.handle(.observed(open), at: .seconds(4))
                == [.settled("root", .openedByCryptroot)])
        #expect(machine.handle(.observed(Seen(open: ["root"])), at: .seconds(5)) == [.end])
    }

    @Test func whatIsOpenAndAskedForWithoutEndIsProvenClosedAndFed() {
        var machine = Machine(
            devices: [.init(name: "root", costKiB: 1, tries: 0, reopens: true)],
            plan: WorkerPlan(availableKiB: 1 << 20, processors: 64), onlyTest: false,
            workerLimit: .seconds(100))
        let seen = Seen(open: ["root"], asking: asking("root"), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.test("root")])
        #expect(machine.handle(.observed(seen), at: .seconds(1)).isEmpty)
        #expect(
            machine.handle(.finished(name: "root", .accepted), at: .seconds(2))
                == [.closeAndFeed(asking("root"))])
        #expect(machine.handle(.timeReached, at: .seconds(2)).isEmpty)
        let open = Seen(open: ["root"], cryptrootRuns: true)
        #expect(
            machine.handle(.observed(open), at: .seconds(4))
                == [.settled("root", .openedByCryptroot)])
    }

    @Test func whatIsInUseStaysOpen() {
        var machine = Machine(
            devices: [.init(name: "root", costKiB: 1, tries: 0, reopens: true)],
            plan: WorkerPlan(availableKiB: 1 << 20, processors: 64), onlyTest: false,
            workerLimit: .seconds(100))
        let seen = Seen(open: ["root"], asking: asking("root"), cryptrootRuns: true)
        _ = machine.handle(.began(seen), at: .zero)
        _ = machine.handle(.finished(name: "root", .accepted), at: .seconds(2))
        let words = "It is open and in use, yet cryptroot asks for it for ever (tries=0)."
        #expect(
            machine.handle(.staysOpen(name: "root"), at: .seconds(2))
                == [.settled("root", .failed(words)), .end])
    }

    @Test func anEmptyAttemptOnlyReleases() {
        var machine = machine([])
        let seen = Seen(open: ["root"], asking: asking("root"), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.release(asking("root"))])
        #expect(machine.handle(.observed(Seen(open: ["root"])), at: .seconds(1)) == [.end])
        let next = Seen(open: ["root"], asking: asking("root", 8), cryptrootRuns: true)
        #expect(machine.handle(.observed(next), at: .seconds(2)).isEmpty, "it is over")
    }

    @Test func aPromptForWhatIsStillLockedIsLeftToAPerson() {
        var machine = machine(["data"])
        let seen = Seen(asking: asking("other"), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.open("data")])
        #expect(
            machine.handle(.finished(name: "data", .accepted), at: .seconds(1))
                == [.settled("data", .opened), .end])
    }

    @Test func memoryDecidesHowManyDeriveAtOnce() {
        var machine = machine(["a", "b", "c"], availableGiB: 3)
        #expect(machine.handle(.began(Seen()), at: .zero) == [.open("a"), .open("b")])
        #expect(
            machine.handle(.finished(name: "a", .wrong), at: .seconds(1))
                == [.settled("a", .wrong), .open("c")])
        #expect(machine.deriving.map { $0.name } == ["b", "c"])
    }

    @Test func aDerivationWithoutEndIsGivenUp() {
        var machine = machine(["a"])
        _ = machine.handle(.began(Seen()), at: .seconds(1))
        #expect(machine.deadline == .seconds(101))
        #expect(
            machine.handle(.timeReached, at: .seconds(101)) == [
                .abandon("a"),
                .settled("a", .failed("The key derivation was given up after 100 s.")), .end,
            ])
    }

    /// Nor does it answer anybody, whatever is open or opened meanwhile.
    @Test func testingOpensNothing() {
        var machine = machine(["a", "b"], onlyTest: true)
        var seen = Seen(asking: asking("a"), cryptrootRuns: true)
        #expect(machine.handle(.began(seen), at: .zero) == [.test("a"), .test("b")])
        seen.open = ["a"]
        #expect(machine.handle(.observed(seen), at: .seconds(1)).isEmpty)
        #expect(
            machine.handle(.finished(name: "a", .accepted), at: .seconds(1))
                == [.settled("a", .proven)])
        #expect(machine.deadline == .seconds(100))
        #expect(
            machine.handle(.timeReached, at: .seconds(100)) == [
                .abandon("b"),
                .settled("b", .failed("The key derivation was given up after 100 s.")), .end,
            ])
    }

    @Test func whoLosesTheRaceForANameHasNoError() {
        var machine = machine(["a"])
        _ = machine.handle(.began(Seen()), at: .zero)
        _ = machine.handle(.observed(Seen(open: ["a"])), at: .seconds(1))
        #expect(
            machine.handle(.finished(name: "a", .failed("exists")), at: .seconds(2))
                == [.settled("a", .openedElsewhere), .end])
    }

    /// Whatever comes in whatever order: the machine ends once everything is quiet, feeds no prompt twice, and never
    /// feeds a device whose passphrase was not proven; and burns no try of cryptroot's while a disk of its is locked.
    @Test(arguments: 0..<300) func everyOrderEnds(seed: Int) {
        var random = SeededRandom(UInt64(seed))
        let names = ["a", "b", "c"]
        let cryptroots = seed.isMultiple(of: 2) ? names : []
        var machine = machine(
            names, cryptroots: cryptroots, tries: Int.random(in: 0...3, using: &random),
            availableGiB: 3)
        var running: [String: Bool] = [:]
        var answered: [Int32] = []
        var accepted: Set<String> = []
        var open: Set<String> = []
        var now = Duration.zero
        var isOver = false
        func perform(_ effects: [Machine.Effect]) {
            for effect in effects {
                switch effect {
                case .test(let name): running[name] = false
                case .open(let name): running[name] = true
                case .abandon(let name): running[name] = nil
                case .feed(let to), .closeAndFeed(let to):
                    #expect(accepted.contains(to.name), "fed \(to.name) unproven")
                    answered.append(to.pid)
                case .release(let to):
                    #expect(open.isSuperset(of: cryptroots))
                    answered.append(to.pid)
                case .settled: break
                case .end: isOver = true
                }
            }
        }
        perform(machine.handle(.began(Seen()), at: now))
        for step in 0..<400 where !isOver {
            now += .milliseconds(Int.random(in: 0...3000, using: &random))
            let isQuiet = step > 100
            switch Int.random(in: 0...3, using: &random) {
            case 0:
                guard let (name, opens) = running.randomElement(using: &random) else { break }
                running[name] = nil
                let isRight = Bool.random(using: &random)
                if isRight {
                    accepted.insert(name)
                    if opens { open.insert(name) }
                }
                perform(
                    machine.handle(.finished(name: name, isRight ? .accepted : .wrong), at: now))
            case 1:
                let prompt = names.randomElement(using: &random).map {
                    asking($0, Int32.random(in: 1...1000, using: &random))
                }
                if !isQuiet, Bool.random(using: &random) {
                    open.insert(names.randomElement(using: &random) ?? "a")
                }
                perform(
                    machine.handle(
                        .observed(
                            Seen(
                                open: open, asking: isQuiet ? nil : prompt, cryptrootRuns: !isQuiet)
                        ),
                        at: now))
            default:
                perform(machine.handle(.timeReached, at: now))
                if let deadline = machine.deadline {
                    #expect(deadline > now, "a time that is past wakes the driver for nothing")
                }
            }
        }
        #expect(isOver)
        #expect(Set(answered).count == answered.count, "a prompt was answered twice")
    }
}
