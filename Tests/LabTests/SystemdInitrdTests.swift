import LabKit
import Testing

/// dracut's initrd, where systemd asks for passphrases.
struct SystemdInitrdTests {
    @Test(
        "In the initrd that dracut makes on Debian 13, systemd's questions are answered over SSH, and the boot goes on."
    )
    func dracut() async throws {
        var plan = GuestImage.Plan()
        plan.suite = "trixie"
        plan.initramfs = .dracut
        plan.rootMiB = 768
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("Systemd initrd") { lab in
            _ = try await lab.startDHCP()
            var options = Guest.Options()
            options.absent = ["root"]
            options.memoryMiB = 1024
            options.kernelParameters = ["rd.luks.name=da710000-1ab0-4000-8000-000000000000=root"]
            let rescue = try await Rescue.powerOn(image, in: lab, options)
            let lease = try await rescue.address(within: .seconds(180))
            _ = try await rescue.status(at: lease.address)
            let session = try await rescue.session(
                at: lease.address, question: "Passphrase to try when it comes: ")

            // Somebody else's question, as of a program that wants a token's PIN.
            let asker = try rescue.ssh.start(
                host: lease.address,
                ["systemd-ask-password", "--no-tty", "--timeout=0", "--id=lab:token", "Token-PIN:"])
            let token = try await session.client.output.expect(
                "Token-PIN: (asked by systemd) ", after: session.prompt, within: .seconds(180))
            session.type("1234-lab\n")
            try await session.client.output.expect(
                "Handed to systemd.", after: token, within: .seconds(180))
            let told = try await asker.result(within: .seconds(180))
            #expect(told.text == "1234-lab\n", "\(told.text)\(told.errors)")

            try rescue.guest.attach("root")
            let question = try await session.client.output.expect(
                "Passphrase for root: ", after: token, within: .seconds(180))
            _ = try await rescue.ssh.run(
                host: lease.address,
                ["until ls /run/systemd/ask-password/ask.*; do sleep 0.2; done"],
                within: .seconds(180)
            ).checked()
            let status = try await rescue.ssh.run(
                host: lease.address, ["status"], within: .seconds(180))
            #expect(
                status.text.contains("Boot      waits for the passphrase of root"), "\(status.text)"
            )
            session.type("not the passphrase\n")
            let refused = try await session.client.output.expect(
                "root: no key slot opens", after: question, within: .seconds(180))
            try await session.client.output.expect(
                "Passphrase for root: ", after: refused, within: .seconds(180))
            session.type(GuestImage.passphrase + "\n")
            try await session.client.output.expect(
                "root: open, and the boot goes on", after: refused, within: .seconds(240))
            try await rescue.login()
            try await expectWhole(rescue, address: lease.address)
            let state = try await rescue.guest.shell.run("cat /run/davit/unlock/root.json").text
            #expect(state.contains("\"openedBy\": \"systemd\""), "\(state)")
        }
    }
}
