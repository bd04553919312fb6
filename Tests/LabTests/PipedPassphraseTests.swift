import LabKit
import Testing

/// `printf %s "$PASS" | ssh root@host unlock`, as scripts do it, and what else they do before.
struct PipedPassphraseTests {
    @Test(
        "Files go both ways, a shell outlives its connection; then a piped passphrase opens the root and every data disk; a wrong one exits with 1."
    )
    func allDisks() async throws {
        var plan = GuestImage.Plan()
        plan.dataDisks = 2
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("Piped passphrase") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            try await rescue.guest.shell.ready(.initrd, within: .seconds(240))
            try await expectTransfers(rescue, at: lease.address)
            try await leaveShell(rescue, at: lease.address)

            let refused = try await rescue.pipe("wrong", at: lease.address)
            #expect(refused.status == .exited(1))
            #expect((refused.text + refused.errors).contains("no key slot opens"))

            let opened = try await rescue.pipe(at: lease.address)
            #expect(opened.status == .exited(0), "\(opened.text)\(opened.errors)")
            try await rescue.login()
            let report = try await rescue.guest.report()
            #expect(report.mappings.sorted() == ["data1", "data2", "root"])
            try await expectWhole(rescue, address: lease.address)
            try await expectNoShell(rescue)
        }
    }
}
