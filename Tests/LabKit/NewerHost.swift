import Foundation

/// A host with Linux 6.12, open-iscsi and davit beside the machine that is rescued: where its disks are repaired.
package struct NewerHost: Sendable {
    private static let hardwareAddress = "52:54:00:da:71:f0"

    package let address: String
    package let ssh: SSHClient
    private let qemu: Child

    /// Powers it on and waits until davit's SSH server answers there.
    /// - Parameter image: whose key lets in, here and from here to its machines, which `ssh` goes on knowing.
    package static func powerOn(
        _ image: GuestImage, in lab: Lab, within limit: Duration
    ) async throws -> NewerHost {
        let scratch = lab.enclosure.scratch
        let directory = "\(scratch)/newer-host"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let known = try lab.sshClient(image)
        let publicKey = "\(scratch)/newer.pub"
        try await run(["sh", "-c", "ssh-keygen -y -f \"$0\" >\"$1\"", known.keyFile, publicKey])
        // Outside of the lab, for the first time fetches a kernel.
        try await run(
            [
                "\(repository)/Tests/LabExport/run", "make", "rescue", directory, publicKey,
                known.keyFile, known.knownHostsFile,
            ], within: .seconds(600))
        let hostKey = String(decoding: try fileBytes("\(directory)/host-keys"), as: UTF8.self)
        let ssh = try SSHClient(
            enclosure: lab.enclosure, privateKey: image.privateKey,
            hostKeys: image.hostKeys + hostKey, hosts: Lab.pool.map { "\(Lab.prefix).\($0)" })
        try await lab.enclosure.run([
            "sh", "-euc",
            "ip tuntap add dev newer mode tap; ip link set newer master \(Lab.bridge) up",
        ])
        let qemu = try await start(directory, image.machine, lab)
        do {
            let address = try await address(of: qemu, in: lab, within: limit)
            let host = NewerHost(address: address, ssh: ssh, qemu: qemu)
            try await host.ssh.answers(at: address, within: limit)
            lab.timeline.note("lab", "the newer host answers at \(address)")
            return host
        } catch {
            lab.timeline.note("lab", "the newer host's console:\n\(qemu.output.tail(30))")
            await qemu.kill()
            throw error
        }
    }

    /// Waits for its lease, but no longer than it runs.
    private static func address(
        of qemu: Child, in lab: Lab, within limit: Duration
    ) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                try await lab.wire.expect(.ack, of: hardwareAddress, within: limit).packet.address
            }
            group.addTask {
                // Its first process says this at its end, which is to come long after.
                try await qemu.output.expect("GUEST DONE", within: limit)
                throw LabError.unexpected(
                    "The newer host ended without an address:\n\(qemu.output.tail(30))")
            }
            defer { group.cancelAll() }
            guard let address = try await group.next() else { throw CancellationError() }
            return address
        }
    }

    private static func start(
        _ directory: String, _ machine: Machine, _ lab: Lab
    ) async throws -> Child {
        let accelerator = await Accelerator.best(
            machine: machine, kernel: "\(directory)/vmlinuz", enclosure: lab.enclosure)
        let emulated = accelerator == .emulation
        let parameters =
            ["console=\(machine.console)", "panic=-1", "quiet"]
            + (emulated ? machine.emulatedParameters : [])
        let qemu = try lab.enclosure.start(
            [machine.emulator] + machine.model + [
                "-accel", emulated ? "tcg,thread=multi" : "kvm",
                "-cpu", emulated ? machine.emulatedProcessor : "host",
                "-smp", "2", "-m", "768", "-nodefaults", "-nographic", "-no-reboot",
                "-monitor", "none", "-serial", "stdio", "-kernel", "\(directory)/vmlinuz",
                "-initrd", "\(directory)/initrd", "-append", parameters.joined(separator: " "),
                "-netdev", "tap,id=net0,ifname=newer,script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=net0,mac=\(hardwareAddress),romfile=",
            ], name: "QEMU (newer host)")
        lab.timeline.note("lab", "newer host powered on")
        return qemu
    }

    /// What its console showed.
    package var console: Transcript { qemu.output }

    package func powerOff() async { await qemu.kill() }
}

extension SSHClient {
    /// Waits until davit answers there.
    package func answers(at host: String, within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            do {
                let result = try await run(host: host, ["version"], within: .seconds(60))
                if result.succeeded { return }
                guard result.status == .exited(255), ContinuousClock.now < deadline else {
                    try result.checked()
                    return
                }
            } catch LabError.timedOut where ContinuousClock.now < deadline {
                // A connection that a busy guest did not get to is none yet, either.
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
