import LabKit
import Testing

/// Disks that come when the initramfs has given up on them.
struct LateDiskTests {
    @Test(
        "The root comes 90 s late: its passphrase is there already, and the boot goes on with nobody at the console; a rescue shell in use was left alone before."
    )
    func ninetySeconds() async throws {
        var plan = GuestImage.Plan()
        plan.dataDisks = 1
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("Disks 90 s late") { lab in
            _ = try await lab.startDHCP()
            var options = Guest.Options()
            options.absent = ["root", "data1"]
            // With any value of it Debian's initramfs would halt where it gives up.
            options.kernelParameters = ["panic="]
            let rescue = try await Rescue.powerOn(image, in: lab, options)
            let guest = rescue.guest
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)

            let session = try await rescue.session(
                at: lease.address, question: "Passphrase to try when it comes: ")
            // Nobody has looked before, and it has been missing since the boot all the same.
            try await session.client.output.expect(
                "root: UUID=da710000-1ab0-4000-8000-000000000000 is not there yet (for ",
                within: .seconds(180))
            session.type(GuestImage.passphrase + "\n")
            try await session.client.output.expect(
                "Waiting for root, data1, to be tried with the same passphrase",
                after: session.prompt, within: .seconds(180))
            let list = try await rescue.ssh.run(
                host: lease.address, ["unlock", "--list"], within: .seconds(180))
            #expect(list.text.contains("waiting-for-source"), "\(list.text)")
            #expect(list.text.contains("is not there yet"), "\(list.text)")

            func status() async throws -> String {
                try await rescue.ssh.run(host: lease.address, ["status"], within: .seconds(180))
                    .checked().text
            }
            let missing = try await status()
            #expect(missing.contains("root: waiting-for-source since "), "\(missing)")
            #expect(missing.contains("data1: waiting-for-source since "), "\(missing)")

            // Somebody stands at the console when the first disk comes.
            let shell = try await guest.console.expect("(initramfs)", within: .seconds(240))
            lab.timeline.note("guest", "the initramfs gave up", at: shell.time)
            guest.type("echo somebody-$((40 + 2))\n")
            try await guest.console.expect("somebody-42", after: shell, within: .seconds(180))
            try guest.attach("data1")
            try await session.client.output.expect(
                "data1: open", after: session.prompt, within: .seconds(240))
            let left = try await rescue.ssh.run(
                host: lease.address, ["unlock", "data1"],
                input: Array(GuestImage.passphrase.utf8), within: .seconds(180))
            #expect(left.status == .exited(0), "\(left.text)\(left.errors)")
            #expect(left.text.contains("Somebody uses the rescue shell"), "\(left.text)")
            let late = try await status()
            #expect(late.contains("data1: open since "), "\(late)")
            #expect(late.contains("root: waiting-for-source since "), "\(late)")
            // It still answers. Whoever sits there leaves; the initramfs looks once more, and gives up once more.
            let there = guest.console.end
            guest.type("echo still-$((40 + 2)); sleep 2; exit\n")
            let still = try await guest.console.expect(
                "still-42", after: there, within: .seconds(180))
            try await guest.console.expect("(initramfs)", after: still, within: .seconds(180))

            try await Task.sleep(until: guest.poweredOn + .seconds(90))
            try guest.attach("root")
            try await session.client.output.expect(
                "root: open", after: session.prompt, within: .seconds(240))
            try await rescue.login()
            let report = try await guest.report()
            #expect(report.mappings.sorted() == ["data1", "root"])
            try await expectWhole(rescue, address: lease.address)
        }
    }
}
