import LabKit
import Testing

/// Several disks, two passphrases, several people.
struct ManyDisksTests {
    private static let all: Set = ["root", "data1", "data2", "data3"]

    @Test(
        "A session dropped while keys are derived changes nothing; the next asks again only for what its passphrases did not open."
    )
    func askedAgainForTheRest() async throws {
        let image = try await GuestImage.prepared(.fourDisks)
        try await Lab.with("Four disks") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            try await rescue.guest.shell.ready(.initrd, within: .seconds(240))
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)

            let lost = try await rescue.session(at: lease.address)
            lost.type(GuestImage.passphrase + "\n")
            try await rescue.guest.derivation(of: "root")
            await lost.drop()
            try await rescue.guest.sessionsEnded()
            let left = try rescue.guest.memory().copies(of: GuestImage.passphrase)
            #expect(left.isEmpty, "\(left)")

            let session = try await rescue.session(at: lease.address)
            var question = try await session.firstQuestion()
            #expect(question.disks == Self.all)
            question = try await session.answer(question, "no passphrase of theirs")
            #expect(question.disks == Self.all)
            for disk in Self.all {
                #expect(question.said.contains("\(disk): no key slot opens"), "\(question.said)")
            }
            question = try await session.answer(question, GuestImage.passphrase)
            #expect(question.disks == ["data3"])
            for disk in ["root: open", "data1: open", "data2: open", "data3: no key slot opens"] {
                #expect(question.said.contains(disk), "\(question.said)")
            }
            question = try await session.answer(question, GuestImage.passphrase)
            #expect(question.disks == ["data3"])
            session.type(GuestImage.otherPassphrase + "\n")
            try await session.client.output.expect(
                "data3: open", after: question.mark, within: .seconds(240))
            try await rescue.login()
            let report = try await rescue.guest.report()
            #expect(Set(report.mappings) == Self.all)
            try await expectWhole(rescue, address: lease.address)
        }
    }

    @Test("Two administrators, one of them with dropbear's client, and the console: all at once.")
    func allAtOnce() async throws {
        var plan = GuestImage.Plan()
        plan.dataDisks = 2
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("All at once") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            try await rescue.guest.console.expect("unlock disk root", within: .seconds(180))

            let first = try await rescue.session(at: lease.address)
            let second = try await rescue.session(at: lease.address, with: .dropbear)
            first.type(GuestImage.passphrase + "\n")
            second.type(GuestImage.passphrase + "\n")
            rescue.guest.type(GuestImage.passphrase + "\n")
            for session in [first, second] {
                try await session.client.output.expect(
                    "root: open", after: session.prompt, within: .seconds(180))
            }
            try await rescue.login()
            let report = try await rescue.guest.report()
            #expect(report.mappings.sorted() == ["data1", "data2", "root"])
            try await expectWhole(rescue, address: lease.address)
        }
    }
}

extension GuestImage.Plan {
    /// The root and two more disks with one passphrase, a fourth with another; deriving a key takes long enough to be caught.
    static var fourDisks: GuestImage.Plan {
        var plan = GuestImage.Plan()
        plan.dataDisks = 3
        plan.dataDisksApart = 1
        plan.derivationIterations = 8
        return plan
    }
}

extension Guest {
    /// Waits until davit derives the key of `disk`.
    func derivation(of disk: String) async throws {
        _ = try await shell.run(
            "until davit log | grep -q 'deriving the key of \(disk)'; do sleep 0.05; done",
            within: .seconds(180))
    }

    /// Waits until no session is left, and no process that one of them started to derive a key.
    func sessionsEnded() async throws {
        _ = try await shell.run(
            """
            while ls /run/davit/ssh/session-* || grep -q 'unlock-worke[r]' /proc/[0-9]*/cmdline; do sleep 0.1; done
            """, within: .seconds(180))
    }
}
