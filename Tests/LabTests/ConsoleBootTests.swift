import LabKit
import Testing

/// Somebody stands at the machine and types there; davit must not be in the way.
struct ConsoleBootTests {
    @Test("The passphrase is typed on the console while davit waits, and the boot goes on.")
    func console() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Console boot") { lab in
            let rescue = try await Rescue.powerOn(image, in: lab)
            try await rescue.guest.console.expect("unlock disk root", within: .seconds(240))
            // davit is at work, and nothing answers it.
            try await rescue.asked(1, within: .seconds(180))
            rescue.guest.type(GuestImage.passphrase + "\n")
            try await rescue.guest.console.expect("set up successfully", within: .seconds(180))
            _ = try await lab.startDHCP()
            try await rescue.login()
            try await expectWhole(rescue)
            let left = try await rescue.guest.shell.run("pgrep -l davit; ls /proc/*/exe -l")
            #expect(!left.text.contains("davit"), "davit still runs: \(left.text)")
        }
    }

    @Test(
        "The passphrase is typed on the console while sessions are open: each is told before the address goes."
    )
    func consoleDuringSession() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Console during session") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            let lease = try await rescue.address(within: .seconds(240))
            _ = try await rescue.status(at: lease.address)
            let session = try await rescue.session(at: lease.address)
            // It takes the SSH server's whole patience; the network must not end before it.
            let stubborn = try rescue.ssh.start(
                host: lease.address, ["trap '' HUP; echo ready; while :; do sleep 1; done"])
            try await stubborn.output.expect("ready", within: .seconds(240))
            rescue.guest.type(GuestImage.passphrase + "\n")
            try await session.client.output.expect(
                "root: open", after: session.prompt, within: .seconds(180))
            for client in [session.client, stubborn] {
                _ = try await client.status(within: .seconds(240))
                // Told in words, or, where its process got no turn in time, at least closed: not left to the system, which
                // knows nothing of the connection and resets it.
                let said = client.output.text + client.errors.text
                let isTold = said.contains("SSH server stops")
                #expect(isTold || said.contains("closed by remote host"), "\(said)")
            }
            try await rescue.login()
            try await expectWhole(rescue, address: lease.address)
        }
    }

    /// How long they take is measured by scripts/bench boot; here, that they wait for nothing and nobody.
    @Test("davit's boot scripts wait for nothing.")
    func delay() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Delay") { lab in
            let rescue = try await Rescue.powerOn(image, in: lab)
            try await rescue.guest.console.expect("unlock disk root", within: .seconds(240))
            rescue.guest.type(GuestImage.passphrase + "\n")
            try await rescue.login()
            try await rescue.guest.shell.ready(.system, within: .seconds(180))
            let times = try await rescue.guest.shell.run("dmesg | sed -n 's/.*LAB: took //p'").text
            // Hundredths of a second by the clock, and of all processors together without anything to do.
            let lines = times.split(separator: "\n").map { $0.split(separator: " ") }
            var (spent, waited): ([String: Int], [String: Int]) = ([:], [:])
            for line in lines where line.count == 3 {
                let took = try #require(Int(line[1]))
                spent[String(line[0]), default: 0] += took
                waited[String(line[0]), default: 0] += try #require(Int(line[2])) - took
            }
            let scripts = ["init-premount", "init-bottom"]
            for name in scripts { try #require(spent[name] != nil, "\(times)") }
            print("davit's boot scripts and starts of busybox, in hundredths of a second: \(times)")
            // Who waits leaves both processors idle, and who does not get his turn of the host's leaves at most one.
            let idle = scripts.compactMap { waited[$0] }.reduce(0, +)
            #expect(idle <= 300, "\(times)")
        }
    }
}
