import Foundation
import LabKit
import Testing

/// `rdinit=/davit-init`: Debian's own initrd, which knows nothing of davit, with the archive of scripts/overlay behind it.
struct OverlayTests {
    @Test(
        "An unmodified initrd is reached and unlocked; its system takes over and davit's processes end."
    )
    func unmodifiedInitrd() async throws {
        var plan = GuestImage.Plan()
        plan.hasDavit = false
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("Overlay") { lab in
            let overlaid = try await image.overlaid(in: lab.enclosure)
            _ = try await lab.startDHCP()
            var options = Guest.Options()
            options.kernelParameters = ["rdinit=/davit-init"]
            let rescue = try await Rescue.powerOn(overlaid, in: lab, options)
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            let shell = try await beginShell(rescue, at: lease.address)
            await shell.kill()
            let opened = try await rescue.pipe(at: lease.address)
            #expect(opened.status == .exited(0), "\(opened.text)\(opened.errors)")
            try await rescue.login()
            try await expectWhole(rescue, address: lease.address)
            let left = try await rescue.guest.shell.run("ls -l /proc/[0-9]*/exe 2>/dev/null")
            #expect(!left.text.contains("davit"), "davit still runs: \(left.text)")
            try await expectNoShell(rescue)
            let log = try await rescue.guest.shell.run("cat /run/davit/log")
            #expect(log.text.contains("supervise"), "\(log.text)")
        }
    }
}
