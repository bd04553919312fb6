import LabKit
import Testing

/// The passphrase is in no process list, environment, log or file of the guest, and how much of it is in its memory.
struct SecretsTests {
    /// Somebody's right passphrase for another machine is a secret, too.
    private static let mistyped = "Fünf-Rettungsboote 4712 unter Deck"

    /// The initramfs stops when the root is mounted, before the memory that was given back is used again.
    private static var stopping: Guest.Options {
        var options = Guest.Options()
        options.kernelParameters = ["break=bottom", "panic="]
        return options
    }

    @Test(
        "Nothing that root can list or read has a passphrase; nor has memory what davit alone had.")
    func nowhere() async throws {
        let image = try await GuestImage.prepared(.fourDisks)
        try await Lab.with("Secrets") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab, Self.stopping)
            let guest = rescue.guest
            try await guest.shell.ready(.initrd, within: .seconds(240))
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)

            let search = SecretSearch(guest)
            try await search.watchProcesses()
            _ = try await rescue.pipe(Self.mistyped, at: lease.address)
            var session = try await rescue.session(at: lease.address)
            var question = try await session.answer(
                try await session.firstQuestion(), Self.mistyped)
            let initrd = try await search.everything()
            expectClean(initrd, of: Self.mistyped)
            expectClean(Array(session.client.output.text.utf8), of: Self.mistyped, decoys: false)

            // A wrong passphrase is gone while the session that heard it still stands at its prompt.
            let refused = try guest.memory()
            try await expectGone(Self.mistyped, refused, guest)
            // One that davit opens a disk with is gone with the session.
            question = try await session.answer(question, GuestImage.otherPassphrase)
            #expect(question.disks == ["root", "data1", "data2"])
            session.type("\u{3}")
            _ = try await session.client.status(within: .seconds(180))
            let left = try guest.memory()
            try await expectGone(GuestImage.otherPassphrase, left, guest)

            try await search.watchProcesses()
            session = try await rescue.session(at: lease.address)
            session.type(GuestImage.passphrase + "\n")
            try await guest.derivation(of: "data2")
            let deriving = try guest.memory()
            let present = deriving.copies(of: GuestImage.passphrase)
            #expect(present.contains { $0.isWhole }, "the search is blind")
            try await session.client.output.expect(
                "root: open", after: session.prompt, within: .seconds(240))
            // The boot stands still here, and has not used the memory again that was given back.
            try await guest.console.expect("(initramfs)", within: .seconds(240))
            session.type("\u{3}")
            try await guest.sessionsEnded()
            let opened = try guest.memory().copies(of: GuestImage.passphrase)
            let kinds = try await guest.kinds(of: opened)
            let boot = try await rescue.ssh.run(
                host: lease.address, ["boot"], within: .seconds(240))
            #expect(boot.text.contains("is ended; the boot goes on"), "\(boot.text)\(boot.errors)")
            try await rescue.login()
            try await guest.shell.ready(.system, within: .seconds(180))
            let system = try await search.everything()
            expectClean(system, of: Self.mistyped)
            expectClean(system, of: GuestImage.passphrase)
            expectClean(
                rescue.guest.console.bytes, of: GuestImage.passphrase, decoys: false)

            let booted = try guest.memory()
            try await expectGone(Self.mistyped, booted, guest)
            try await expectGone(GuestImage.otherPassphrase, booted, guest)
            let remaining = booted.copies(of: GuestImage.passphrase)
            print(
                """
                The root's passphrase in the guest's memory: \(words(present)) while keys are derived, \
                \(words(opened)) when all are open: \(kinds), \(words(remaining)) at the login prompt.
                """)
        }
    }

    /// How much it is changes from run to run: README tells, this only counts.
    @Test("What dropbear and cryptroot-unlock leave in memory is counted by the same search.")
    func dropbear() async throws {
        var plan = GuestImage.Plan()
        plan.dataDisks = 1
        plan.dataDisksApart = 1
        plan.hasDavit = false
        plan.hasDropbear = true
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("Secrets with dropbear") { lab in
            _ = try await lab.startDHCP()
            var options = Self.stopping
            options.kernelParameters += ["ip=dhcp"]
            let rescue = try await Rescue.powerOn(image, in: lab, options)
            let lease = try await rescue.address(within: .seconds(240))
            try await rescue.guest.console.expect("unlock disk root", within: .seconds(240))
            // dropbear starts behind the address.
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline {
                let result = try await rescue.ssh.run(
                    host: lease.address, ["true"], within: .seconds(180))
                if result.succeeded { break }
                try await Task.sleep(for: .milliseconds(200))
            }
            let client = try rescue.ssh.start(
                host: lease.address, terminal: true, ["cryptroot-unlock"])
            var mark = client.output.end
            for disk in image.disks {
                mark = try await client.output.expect(
                    "unlock disk \(disk.name)", after: mark, within: .seconds(240))
                client.write(disk.passphrase + "\n")
            }
            try await rescue.guest.console.expect("(initramfs)", within: .seconds(240))
            _ = try await client.status(within: .seconds(180))
            try await rescue.guest.shell.ready(.initrd, within: .seconds(180))
            _ = try await rescue.guest.shell.run("held='\(Self.mistyped)'")
            let memory = try rescue.guest.memory()
            #expect(
                memory.copies(of: Self.mistyped).contains { $0.isWhole }, "the search is blind")
            let remaining = memory.copies(of: GuestImage.passphrase)
            let other = memory.copies(of: GuestImage.otherPassphrase)
            print(
                """
                With dropbear, when all are open: \(words(remaining)) of the root's passphrase, \
                \(words(other)) of the other: \
                \(try await rescue.guest.kinds(of: remaining + other)).
                """)
        }
    }

    private func words(_ copies: [MemoryImage.Copy]) -> String {
        let whole = copies.filter(\.isWhole).count
        return "\(whole) whole and \(copies.count - whole) in part"
    }

    private func expectGone(
        _ secret: String, _ memory: MemoryImage, _ guest: Guest
    ) async throws {
        let copies = memory.copies(of: secret)
        let kinds = copies.isEmpty ? [] : try await guest.kinds(of: copies)
        #expect(copies.isEmpty, "\(words(copies)) of \(secret), in \(kinds)")
    }

    private func expectClean(_ bytes: [UInt8], of secret: String, decoys: Bool = true) {
        if decoys {
            for decoy in ["environment", "file"] {
                let planted = SecretSearch.traces(of: "\(SecretSearch.decoy)-\(decoy)", in: bytes)
                #expect(planted == ["as it is"], "the search is blind: it misses the \(decoy)")
            }
        }
        #expect(SecretSearch.traces(of: secret, in: bytes) == [])
    }
}
