import Testing

@testable import RepairCore

/// What a trial says, and how much room it takes.
struct TrialTests {
    private func census(
        _ places: [String: UInt64], bytes: UInt64 = 1000, _ reading: Census.Reading? = nil
    ) -> Census {
        let files = places.values.reduce(0, +)
        return Census(
            files: files, directories: 0, others: 0, bytes: bytes, errors: 0, firstErrors: [],
            places: places, reading: reading, failure: nil)
    }

    private func reading(
        whole: UInt64, unreadable: UInt64 = 0, gone: UInt64 = 0, compared: UInt64 = 0,
        changed: UInt64 = 0, isCut: Bool = false
    ) -> Census.Reading {
        var reading = Census.Reading()
        for number in 0..<unreadable {
            reading.noteUnreadable(Array("/bad\(number)".utf8), "Input/output error")
        }
        for number in 0..<changed { reading.noteChanged(Array("/other\(number)".utf8)) }
        reading.whole = whole
        reading.gone = gone
        reading.compared = compared
        reading.isCut = isCut
        return reading
    }

    /// Names and sizes are the same, and yet.
    @Test func contentCounts() {
        let places: [String: UInt64] = ["home": 10]
        let before = census(places, reading(whole: 9, unreadable: 1))
        func outcome(_ after: Census.Reading) -> TrialOutcome {
            TrialOutcome(before: before, after: census(places, after))
        }
        let same = outcome(reading(whole: 9, unreadable: 1, compared: 9))
        #expect(same.kind == .same)
        #expect(
            same.words.contains(
                "Of 9 files that were read before, 9 were read again: 9 hold the same, byte for byte."
            ))
        #expect(
            same.words[0]
                == "Before: 10 files and 0 directories with 1000 bytes, and 1 files cannot be read."
        )
        let changed = outcome(reading(whole: 9, unreadable: 1, compared: 9, changed: 2))
        #expect(changed.kind == .loses)
        #expect(
            changed.words.contains(
                "The repair loses something: 2 files hold something else than before."))
        #expect(
            changed.words.contains("After the repair, /other0: holds something else than before."))
        #expect(outcome(reading(whole: 9, unreadable: 1, gone: 1, compared: 8)).kind == .loses)
        #expect(outcome(reading(whole: 7, unreadable: 3, compared: 7)).kind == .loses)
        #expect(outcome(reading(whole: 10, compared: 9)).kind == .gains)
        let cut = outcome(reading(whole: 4, compared: 4, isCut: true))
        #expect(cut.kind != .loses)
        #expect(cut.words[1].hasSuffix("the time for reading them was over after 4 files."))
    }

    @Test func contentSums() {
        func sum(_ pieces: [(UInt64, [UInt8])], size: UInt64) -> ContentSum {
            var sum = ContentSum()
            for (offset, bytes) in pieces {
                bytes.withUnsafeBytes { sum.take($0, at: offset) }
            }
            sum.end(size: size)
            return sum
        }
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let whole = sum([(0, bytes)], size: 20_000)
        #expect(
            sum([(0, Array(bytes[..<8192])), (8192, Array(bytes[8192...]))], size: 20_000) == whole)
        // A hole is so many zeros.
        let zeros = [UInt8](repeating: 0, count: 4096)
        #expect(
            sum([(0, zeros), (4096, bytes)], size: 30_000) == sum([(4096, bytes)], size: 30_000))
        // Every bit counts, and so do place and size.
        for at in [0, 1, 4095, 4096, 19_999] {
            var other = bytes
            other[at] ^= 1
            #expect(sum([(0, other)], size: 20_000) != whole)
        }
        #expect(sum([(4096, bytes)], size: 20_000) != whole)
        #expect(sum([(0, bytes)], size: 20_001) != whole)
        #expect(sum([], size: 1) != sum([], size: 2))
    }

    @Test func ledgerIsKeptWhole() {
        var ledger = ContentLedger()
        var sum = ContentSum()
        for number in 0..<1000 {
            sum.end(size: UInt64(number))
            ledger.note(Array("/file\(number)".utf8), sum)
        }
        let again = ContentLedger(ledger.bytes)
        #expect(again == ledger && again.count == 1000)
        #expect(again.matches(Array("/file999".utf8), sum) == true)
        #expect(again.matches(Array("/file998".utf8), sum) == false)
        #expect(again.matches(Array("/none".utf8), sum) == nil)
        // Cut anywhere, it is still a ledger.
        for count in [0, 1, 15, 16, 17, 15_999] {
            #expect(ContentLedger(Array(ledger.bytes.prefix(count))).count == count / 16)
        }
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

    /// As many files as before, but there are names that lead to nothing.
    @Test func namesThatCannotBeReadAreALoss() {
        let before = census(["home": 10])
        var after = before
        after.noteError(Array("/home/a".utf8), "Structure needs cleaning")
        let outcome = TrialOutcome(before: before, after: after)
        #expect(outcome.kind == .loses)
        #expect(outcome.words.contains("The repair loses something: 1 more names cannot be read."))
        #expect(TrialOutcome(before: after, after: after).kind == .same)
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
            census.note(Array("/place\(number)/file".utf8))
            census.noteError(Array("/\u{1B}[2J\(number)".utf8), "Input/output error")
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
        reader.take(Array("\(OwnLines.read(5 << 20, of: 96 << 20))\n".utf8))
        #expect(reader.progress.phase == OwnLines.reading)
        #expect(reader.progress.done == 5 && reader.progress.total == 96)
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
            KernelMount.meaning(ofExit: 0, of: .repair, progress)
                == Meaning(4, "the kernel mounted it and left errors uncorrected"))
    }

    /// With nochanges the kernel corrects in memory what it says that it corrects.
    @Test func bcachefsThatIsOnlyChecked() {
        let line = "bucket 0:3 gen 0 has wrong data_type: got free, should be sb, fixing\n"
        let checked = reader(
            BcachefsBackend(),
            "starting version 1.13: inode_has_child_snapshots opts=ro,fsck,nochanges\n\(line)"
        ).progress
        #expect(checked.errorsFound == 1 && checked.errorsFixed == 0)
        #expect(
            KernelMount.meaning(ofExit: 0, of: .check, checked)
                == Meaning(4, "the kernel found errors, and nothing was changed"))
        let repaired = reader(BcachefsBackend(), line).progress
        #expect(
            KernelMount.meaning(ofExit: 0, of: .repair, repaired)
                == Meaning(1, "the kernel corrected errors"))
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
