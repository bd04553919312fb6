import Testing

@testable import RepairCore

/// What a trial says, and how much room it takes.
struct TrialTests {
    private func census(_ places: [String: UInt64], bytes: UInt64 = 1000) -> Census {
        let files = places.values.reduce(0, +)
        return Census(
            files: files, directories: 0, others: 0, bytes: bytes, errors: 0, firstErrors: [],
            places: places, failure: nil)
    }

    private func failed() -> Census {
        var census = Census()
        census.failure = "Cannot mount /dev/dm-0: Structure needs cleaning."
        return census
    }

    @Test func outcomes() {
        let whole = census(["home": 10, "etc": 5])
        func kind(_ before: Census?, _ after: Census?) -> TrialOutcome.Kind {
            TrialOutcome(before: before, after: after).kind
        }
        #expect(kind(whole, whole) == .same)
        #expect(kind(failed(), whole) == .gains)
        #expect(kind(whole, failed()) == .worse)
        #expect(kind(failed(), failed()) == .unreachable)
        #expect(kind(whole, census(["home": 9, "etc": 5])) == .loses)
        #expect(kind(whole, census(["home": 10, "etc": 5], bytes: 999)) == .loses)
        #expect(
            kind(whole, census(["home": 10, "etc": 5, "lost+found": 3], bytes: 1200)) == .gains)
        #expect(kind(census(["etc": 5, "lost+found": 1]), census(["etc": 5])) == .same)
        #expect(kind(nil, whole) == .unknown)
    }

    @Test func wordsNameThePlaces() {
        let outcome = TrialOutcome(
            before: census(["home": 10, "etc": 5]), after: census(["home": 7, "etc": 5]))
        #expect(
            outcome.words.contains("The repair loses something: /home: 7 of 10 entries are left."))
        #expect(
            TrialOutcome(before: failed(), after: census(["home": 1])).words.first
                == "Before: cannot be mounted: Cannot mount /dev/dm-0: Structure needs cleaning.")
    }

    @Test func censusIsBounded() {
        var census = Census()
        for number in 0..<10_000 {
            census.note("/place\(number)/file")
            census.noteError("/\u{1B}[2J\(number)", "Input/output error")
        }
        #expect(census.places.count == 256)
        #expect(census.errors == 10_000)
        #expect(census.firstErrors.count == 8)
        #expect(census.firstErrors[0] == "/?[2J0: Input/output error")
    }

    @Test func overlaysTakeWhatIsNeeded() throws {
        let plan = try OverlayPlan(for: [64 << 20, 1 << 30], in: .memory, room: 8 << 30)
        #expect(plan.sizes[0] > 64 << 20 && plan.sizes[0] < 70 << 20)
        #expect(plan.sizes.allSatisfy { $0 % 4096 == 0 })
    }

    @Test func overlaysShareWhatThereIs() throws {
        let plan = try OverlayPlan(
            for: [1 << 40, 16 << 20, 1 << 40], in: .memory, room: 1 << 30)
        #expect(plan.sizes.reduce(0, +) <= 1 << 29)
        #expect(plan.sizes[0] == plan.sizes[2])
        #expect(plan.sizes[1] > 16 << 20)
        #expect(plan.sizes[0] > 240 << 20)
    }

    @Test func tooLittleRoomIsRefused() {
        #expect(throws: OverlayPlan.Refusal.noRoom(place: .memory, bytes: 4 << 20)) {
            try OverlayPlan(for: [1 << 30, 1 << 30], in: .memory, room: 4 << 20)
        }
        #expect(throws: OverlayPlan.Refusal.self) {
            try OverlayPlan(for: [.max, .max], in: .directory("/mnt"), room: 0)
        }
    }

    /// davit's own lines are progress, but no sign that a checker has checked.
    @Test func ownLines() {
        var reader = ProgressReader(XFSBackend())
        reader.take(
            Array("davit: mounts /dev/dm-0\ndavit: mounted\n\(OwnLines.counted(120))\n".utf8))
        #expect(reader.progress.phase == OwnLines.counting)
        #expect(reader.progress.done == 120)
        #expect(reader.progress.unit == "entries")
        #expect(reader.progress.newLines == 0)
    }
}

/// What the kernel's log says of a replay by mount.
struct KernelReplayTests {
    private func reader(_ backend: any Backend, _ lines: String) -> ProgressReader {
        var reader = ProgressReader(backend)
        reader.take(Array(lines.utf8))
        reader.finish()
        return reader
    }

    @Test func ext() {
        let progress = reader(
            ExtBackend(),
            """
            6,701,9876543,-;EXT4-fs (vda): recovery complete
            6,702,9876600,-;EXT4-fs (vda): mounted filesystem 499e7db8-b254-4157-b909-0baa7388cc4b r/w with ordered data mode. Quota mode: none.
            2,703,9876700,-;EXT4-fs error (device vda): ext4_lookup:1855: inode #2: comm find: deleted inode referenced: 14
            """
        ).progress
        #expect(progress.journal.replayed && progress.saysSound)
        #expect(progress.errorsFound == 1)
        #expect(progress.newLines == 0)
        #expect(
            KernelMount.meaning(ofExit: 0, progress)
                == Meaning(4, "the kernel mounted it and left errors uncorrected"))
    }

    @Test func btrfs() {
        let progress = reader(
            BtrfsBackend(),
            """
            6,801,9876543,-;BTRFS info (device vda): using free-space-tree
            6,802,9876600,-;BTRFS info (device vda): start tree-log replay
            """
        ).progress
        #expect(progress.journal.replayed)
        #expect(progress.phase == "tree-log replay")
        #expect(progress.newLines == 0)
    }
}
