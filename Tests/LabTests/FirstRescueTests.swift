import LabKit
import Testing

/// A machine comes back before its router, and is reached and unlocked over SSH.
struct FirstRescueTests {
    @Test("The DHCP server comes late, and davit has not given up.", arguments: [60, 300])
    func lateServer(seconds: Int) async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("DHCP \(seconds) s late") { lab in
            let rescue = try await Rescue.powerOn(image, in: lab)
            // The network comes up first: lateness counts from the first time the guest asks.
            try await rescue.asked(1, within: .seconds(240))
            try await Task.sleep(for: .seconds(seconds))
            let started = try await lab.startDHCP().readyAt
            let lease = try await rescue.address(since: started, within: .seconds(180))

            // At most 8 s between tries, and so from the server to a lease; DHCPMachineTests has the times themselves. A
            // guest without a processor of its own may be late now and then by what its host takes, but not each time.
            #expect(rescue.usualSilence(before: started) < 15)
            #expect((lease.at - started).seconds < 120)

            _ = try await rescue.status(at: lease.address)
            let session = try await rescue.session(at: lease.address)
            try await session.typeRight()
            try await rescue.login()
            try await expectWhole(rescue, address: lease.address)
        }
    }

    @Test("A wrong passphrase is refused in words, and the right one after it opens.")
    func wrongPassphraseFirst() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Wrong passphrase first") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            let session = try await rescue.session(at: lease.address)
            try await session.typeWrong("not the passphrase")
            let status = try await rescue.ssh.run(
                host: lease.address, ["status"], within: .seconds(180)
            ).checked().text
            #expect(
                status.firstMatch(
                    of: /root: locked since .*; tries: 1; last error: No key slot opens/) != nil,
                "\(status)")
            try await session.typeRight()
            try await rescue.login()
            try await expectWhole(rescue, address: lease.address)
        }
    }

    @Test("A session drops with half a passphrase typed, one is killed; the next one opens.")
    func droppedSession() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Dropped session") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            let shell = rescue.guest.shell
            try await shell.ready(.initrd, within: .seconds(240))
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)

            // The far end never hears of the end: the cable is out when the client dies.
            let lost = try await rescue.session(at: lease.address)
            lost.type(String(GuestImage.passphrase.prefix(9)))
            #expect(try await shell.run("davit status").text.contains("\(Lab.hostAddress):"))
            try rescue.guest.setCable(connected: false)
            await lost.drop()
            let unplugged = try await shell.run(
                "until davit status | grep 'no carrier'; do sleep 0.2; done", within: .seconds(180))
            #expect(unplugged.text.contains("eth0: ") && unplugged.text.contains(lease.address))
            try rescue.guest.setCable(connected: true)

            _ = try await rescue.status(at: lease.address)
            let gone = "while davit status | grep -q '\(Lab.hostAddress):'; do sleep 0.2; done"
            _ = try await shell.run(gone, within: .seconds(180))
            let killed = try await rescue.session(at: lease.address)
            _ = try await shell.run(
                "kill -9 $(ls /run/davit/ssh | sed -n 's/session-\\(.*\\).json/\\1/p'); \(gone)",
                within: .seconds(180))
            _ = try await killed.client.status(within: .seconds(180))

            let session = try await rescue.session(at: lease.address)
            try await session.typeRight()
            try await rescue.login()
            try await expectWhole(rescue, address: lease.address)
        }
    }
}

/// The machine is up as without davit: nothing failed, and it kept the address it had in the initrd.
func expectWhole(_ rescue: Rescue, address: String? = nil) async throws {
    print(rescue.lab.timeline.report)
    let report = try await rescue.guest.report()
    #expect(report.state == "running", "failed units: \(report.failedUnits)")
    #expect(report.mappings.contains("root"))
    if let address { #expect(report.addresses["eth0"] == [address]) }
    #expect(report.davitFiles.keys.contains("/run/davit/log"))
}
