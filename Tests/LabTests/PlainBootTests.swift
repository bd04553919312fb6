import LabKit
import Testing

/// Debian's own initrd without davit: what the lab stands on, and what davit is measured against.
@Suite(.serialized)
struct PlainBootTests {
    private static func plan(_ suite: String) -> GuestImage.Plan {
        var plan = GuestImage.Plan()
        plan.suite = suite
        plan.hasDavit = false
        return plan
    }

    @Test(
        "The passphrase on the console opens the root, and the machine comes up whole.",
        arguments: ["bookworm", "trixie"])
    func consolePassphrase(suite: String) async throws {
        let image = try await GuestImage.prepared(Self.plan(suite))
        try await Lab.with("Plain boot of \(suite)") { lab in
            let guest = try await lab.boot(image)
            let prompt = try await guest.console.expect("unlock disk root", within: .seconds(240))
            lab.timeline.note("guest", "asks on the console", at: prompt.time)

            guest.type("not the passphrase\n")
            let refused = try await guest.console.expect(
                "bad password", after: prompt, within: .seconds(180))
            try await guest.console.expect(
                "unlock disk root", after: refused, within: .seconds(180))
            guest.type(GuestImage.passphrase + "\n")
            try await guest.console.expect("set up successfully", within: .seconds(180))

            _ = try await lab.startDHCP()
            let login = try await guest.console.expect("login:", within: .seconds(180))
            lab.timeline.note("guest", "login prompt", at: login.time)
            print(lab.timeline.report)
            let report = try await guest.report()
            #expect(report.state == "running", "failed: \(report.failedUnits)")
            #expect(report.mappings == ["root"])
            #expect(report.addresses["eth0"]?.first?.hasPrefix(Lab.prefix) == true)
            #expect(report.davitFiles.isEmpty)
        }
    }
}
