import Testing

@testable import RepairCore

/// Members of one file system, put together by what their superblocks say.
struct SubjectTests {
    private func member(
        _ index: Int, sequence: UInt64 = 1, size: UInt64 = 100, state: FileSystem.State = .clean,
        slots: Int = 3, backend: String = "bcachefs", named: Bool = true
    ) -> LookedAt {
        var system = FileSystem(backend: backend, type: backend)
        system.uuid = "u"
        system.memberIndex = index
        system.sequence = sequence
        system.size = size
        system.state = state
        system.slots = (0..<slots).map { .init(index: $0, uuid: named ? "m\($0)" : "") }
        var device = LookedAt(path: "/dev/sd\(index)")
        device.systems = [system]
        return device
    }

    private func subject(_ devices: [LookedAt]) throws -> Subject {
        let found = Finding.all(from: devices)
        guard found.count == 1, case .fileSystem(let subject) = found[0] else {
            throw Unexpected(findings: found)
        }
        return subject
    }

    private struct Unexpected: Error { let findings: [Finding] }

    @Test func membersStandInTheirOwnOrder() throws {
        let subject = try subject([member(2), member(0), member(1)])
        #expect(subject.paths == ["/dev/sd0", "/dev/sd1", "/dev/sd2"])
        #expect(subject.missing == [] && subject.doubled == [])
    }

    /// A member that was cut off knows less than the others.
    @Test func theNewestSuperblockCounts() throws {
        for newest in 0..<3 {
            let all = (0..<3).map {
                member($0, sequence: $0 == newest ? 9 : 8, state: $0 == newest ? .unclean : .clean)
            }
            let system = try subject(all).system
            #expect(system.sequence == 9 && system.state == .unclean)
        }
        let damaged = try subject([member(0, state: .damaged), member(1, sequence: 2)])
        #expect(damaged.system.state == .damaged, "what one member has recorded holds for all")
    }

    /// btrfs has the size of the whole on every member.
    @Test func theSizeIsThatOfTheWhole() throws {
        #expect(try subject([member(0), member(1, size: 50)]).system.size == 150)
        let btrfs = [
            member(1, sequence: 2, size: 300, backend: "btrfs"),
            member(2, size: 200, backend: "btrfs"),
        ]
        #expect(try subject(btrfs).system.size == 300)
    }

    @Test func whatIsMissingIsNamedAsFarAsItIsKnown() throws {
        #expect(try subject([member(1)]).missing == ["member 0 (m0)", "member 2 (m2)"])
        #expect(try subject([member(1, named: false)]).missing == ["2 of 3 members"])
        let all = (0..<3).map { member($0, named: false) }
        #expect(try subject(all).missing == [])
    }

    @Test func aDiskAndItsCopyAreNotBothMembers() throws {
        var copy = LookedAt(path: "/dev/copy")
        copy.systems = member(1).systems
        let words = try subject([member(0), member(1), copy]).doubled
        #expect(words == ["/dev/sd1 and /dev/copy are both member 1"])
    }

    // MARK: What follows from it

    private func ext(
        _ state: FileSystem.State, errors: UInt64 = 0, copy: FileSystem.Copy? = nil
    ) -> Subject {
        var system = FileSystem(backend: "ext", type: "ext4")
        system.state = state
        system.recordedErrors = errors
        system.copy = copy
        return Subject(.init(path: "/dev/sda1", system: system, users: []))
    }

    @Test(
        arguments: [
            (.clean, 0, "only when the check finds errors."),
            (.unknown, 0, "only when the check finds errors."),
            (.unclean, 0, "it was not closed in order."),
            (.damaged, 0, "it is marked as damaged."),
            (.clean, 3, "it has recorded 3 errors about itself."),
        ] as [(FileSystem.State, UInt64, String)])
    func theRepairSaysWhy(state: FileSystem.State, errors: UInt64, why: String) throws {
        let plan = Plan(for: ext(state, errors: errors))
        #expect(plan.steps.contains { $0.words == "Repair: \(why)" })
        let leaves = plan.steps.first?.words.hasPrefix("Nothing: ")
        #expect(leaves == (state == .clean && errors == 0))
        #expect(plan.obstacles == [])
    }

    @Test func aCopyOfTheSuperblockIsUsed() throws {
        let plan = Plan(for: ext(.damaged, copy: .init(block: 32768, blockSize: 4096)))
        let repair = try #require(plan.invocation(for: .repair)?.0)
        #expect(
            repair.arguments == ["-f", "-y", "-C", "3", "-b", "32768", "-B", "4096", "/dev/sda1"])
        #expect(plan.steps.contains { $0.words.contains("the copy at block 32768 is sound") })
    }

    @Test func nothingIsStartedWhileAMemberIsMissingOrInUse() throws {
        let some = try subject([member(0)])
        #expect(Plan(for: some).obstacles.count == 1)
        #expect(Plan(for: some, allowMissing: true).obstacles == [])
        var used = member(0, slots: 1)
        used.users = ["mounted on /srv"]
        #expect(
            Plan(for: try subject([used])).obstacles
                == ["It is in use (/dev/sd0: mounted on /srv). Release it first."])
    }
}
