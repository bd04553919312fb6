import LabKit
import Testing

/// An initramfs that gave up, and leaving it by `davit boot` and `davit reboot`.
struct BootAndRebootTests {
    /// Debian's initramfs stops in its rescue shell where it would mount the root. With any value of panic= it would halt.
    private static func options() -> Guest.Options {
        var options = Guest.Options()
        options.kernelParameters = ["break=mount", "panic="]
        return options
    }

    @Test("A rescue shell that nobody sits at is ended, the boot goes on; then reboot resets.")
    func nobodySitsThere() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Boot and reboot") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab, Self.options())
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            try await rescue.guest.console.expect("(initramfs)", within: .seconds(240))
            let status = try await rescue.ssh.run(
                host: lease.address, ["status"], within: .seconds(180))
            #expect(status.text.contains("stopped in a rescue shell"), "\(status.text)")

            let boot = try await rescue.ssh.run(
                host: lease.address, ["boot"], within: .seconds(240))
            #expect(boot.text.contains("is ended; the boot goes on"), "\(boot.text)\(boot.errors)")
            try await rescue.guest.console.expect("unlock disk root", within: .seconds(240))

            // Something to close.
            try await rescue.guest.shell.ready(.initrd, within: .seconds(180))
            let mounted = try await rescue.guest.shell.run(
                """
                echo 0 2048 linear /dev/vda 0 | dmsetup create lab-part && echo ready
                """)
            #expect(mounted.text.contains("ready"), "\(mounted.text)")
            let reboot = try await rescue.ssh.run(
                host: lease.address, ["reboot"], within: .seconds(240))
            #expect(reboot.status == .exited(0), "\(reboot.text)\(reboot.errors)")
            for step in [
                "There is no export", "Closed lab-part.", "Everything is written out.",
                "Resetting now.",
            ] { #expect(reboot.text.contains(step), "\(reboot.text)\(reboot.errors)") }
            // QEMU ends where a machine would start again.
            try await rescue.guest.ended(within: .seconds(240))
            // The kernel's own word for an orderly reset.
            #expect(rescue.guest.console.text.contains("reboot: Restarting system"))
        }
    }

    @Test("A shell in which somebody typed is left alone; reboot --now resets at once.")
    func somebodySitsThere() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Rescue shell in use") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab, Self.options())
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            let prompt = try await rescue.guest.console.expect(
                "(initramfs)", within: .seconds(240))
            rescue.guest.type("echo somebody-$((40 + 2))\n")
            try await rescue.guest.console.expect(
                "somebody-42", after: prompt, within: .seconds(180))
            let boot = try await rescue.ssh.run(
                host: lease.address, ["boot"], within: .seconds(180))
            #expect(boot.status == .exited(1))
            #expect(boot.errors.contains("is in use: somebody typed in it"), "\(boot.errors)")
            let end = rescue.guest.console.end
            rescue.guest.type("echo still-$((40 + 2))\n")
            try await rescue.guest.console.expect("still-42", after: end, within: .seconds(180))

            // Nobody takes leave of the client.
            let client = try rescue.ssh.start(host: lease.address, ["reboot", "--now"])
            try await rescue.guest.ended(within: .seconds(240))
            await client.kill()
        }
    }
}
