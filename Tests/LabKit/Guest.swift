import Foundation

/// A machine in QEMU: its console, its cable, its disks, its power.
package final class Guest: Sendable {
    package struct Options: Sendable {
        package var memoryMiB = 768
        package var processors = 2
        /// Disks that are not there yet when the power comes on, by the names of their mappings.
        package var absent: Set<String> = []
        /// Added to the kernel's command line.
        package var kernelParameters: [String] = []

        package init() {}
    }

    package let number: Int
    package let image: GuestImage
    /// The serial line, drained always.
    package let console: Transcript
    package let shell: GuestShell
    package let poweredOn: ContinuousClock.Instant
    /// The overlays this guest writes to, root first; another boot can go on from them.
    package let disks: [String]
    /// The network card's address, as 52:54:00:….
    package let hardwareAddress: String
    package let accelerator: Accelerator
    private let qemu: Child
    private let monitor: QMP
    private let timeline: Timeline
    private let directory: String

    init(
        number: Int, image: GuestImage, options: Options, disks: [String]?,
        accelerator: Accelerator, lab: Lab
    ) async throws {
        self.number = number
        self.image = image
        self.accelerator = accelerator
        timeline = lab.timeline
        directory = "\(lab.enclosure.scratch)/guest\(number)"
        hardwareAddress = "52:54:00:da:71:\(hexadecimal(UInt8(truncatingIfNeeded: number)))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        if let disks {
            self.disks = disks
        } else {
            self.disks = try await Self.overlays(image, directory: directory, lab.enclosure)
        }
        try await lab.enclosure.run([
            "sh", "-euc",
            """
            ip tuntap add dev tap\(number) mode tap
            ip link set tap\(number) master \(Lab.bridge) up
            """,
        ])
        let timeline = lab.timeline
        console = Transcript("guest \(number)'s console") { line, time in
            guard let story = consoleStory(line) else { return }
            timeline.note(story.source, story.text, at: time)
        }
        let command = Self.command(
            number: number, image: image, options: options, disks: self.disks,
            accelerator: accelerator, directory: directory, hardwareAddress: hardwareAddress)
        poweredOn = .now
        qemu = try lab.enclosure.start(command, name: "QEMU", output: console)
        timeline.note("lab", "guest \(number) powered on")
        do {
            monitor = try await QMP(path: "\(directory)/qmp", while: qemu)
            shell = try GuestShell(path: "\(directory)/shell")
        } catch {
            await qemu.kill()
            throw error
        }
    }

    package var isRunning: Bool { qemu.isRunning }

    /// Types on the console.
    package func type(_ text: String) { qemu.write(text) }

    /// Pulls the network cable, or puts it back.
    package func setCable(connected: Bool) throws {
        try monitor.command("set_link", ["name": "net0", "up": connected])
        timeline.note("lab", "guest \(number): cable \(connected ? "connected" : "pulled")")
    }

    /// Attaches one of the image's disks to the running guest, as a slow controller would.
    package func attach(_ name: String) throws {
        guard let file = zip(image.disks, disks).first(where: { $0.0.name == name })?.1 else {
            throw LabError.unexpected("The guest has no disk \(name).")
        }
        let node: [String: any Sendable] = [
            "driver": "qcow2", "node-name": name,
            "file": ["driver": "file", "filename": file] as [String: String],
        ]
        try monitor.command("blockdev-add", node)
        try monitor.command(
            "device_add",
            ["driver": "virtio-blk-pci", "drive": name, "id": "late-\(name)", "serial": name])
        timeline.note("lab", "guest \(number): disk \(name) attached")
    }

    /// Makes all disks answer `requests` times a second at most; as fast as they can when 0.
    package func setPace(requests: Int) throws {
        for disk in image.disks {
            var limits: [String: any Sendable] = ["device": disk.name, "iops": requests]
            for name in ["bps", "bps_rd", "bps_wr", "iops_rd", "iops_wr"] { limits[name] = 0 }
            try monitor.command("block_set_io_throttle", limits)
        }
        timeline.note(
            "lab", "guest \(number): disks \(requests > 0 ? "are slow" : "are fast again")")
    }

    /// Stops the guest's processors and its clock, or lets them run again.
    package func setRunning(_ runs: Bool) throws { try monitor.command(runs ? "cont" : "stop") }

    /// The guest's whole memory as it is now.
    package func memory() throws -> MemoryImage {
        let path = "\(directory)/memory"
        try monitor.command("dump-guest-memory", ["paging": false, "protocol": "file:\(path)"])
        return try MemoryImage(path: path)
    }

    /// Cuts the power. What the guest had not flushed is lost, as in life.
    package func powerOff() async {
        shell.end()
        await qemu.kill()
    }

    /// Waits until the guest ends by itself.
    /// - Throws: `.timedOut`.
    package func ended(within limit: Duration) async throws {
        _ = try await qemu.status(within: limit)
    }

    private static func overlays(
        _ image: GuestImage, directory: String, _ enclosure: Enclosure
    ) async throws -> [String] {
        var overlays: [String] = []
        for disk in image.disks {
            let overlay = "\(directory)/\(disk.name).qcow2"
            try await enclosure.run([
                "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk.file, overlay,
            ])
            overlays.append(overlay)
        }
        return overlays
    }

    private static func command(
        number: Int, image: GuestImage, options: Options, disks: [String],
        accelerator: Accelerator, directory: String, hardwareAddress: String
    ) -> [String] {
        let machine = image.machine
        let emulated = accelerator == .emulation
        let parameters =
            [
                "root=/dev/mapper/\(image.plan.diskNames[0])", "console=\(machine.console)",
                "panic=-1", "net.ifnames=0",
            ] + (emulated ? machine.emulatedParameters : []) + options.kernelParameters
        var command =
            [machine.emulator] + machine.model + [
                "-accel", emulated ? "tcg,thread=multi" : "kvm",
                "-cpu", emulated ? machine.emulatedProcessor : "host",
                "-smp", "\(options.processors)", "-m", "\(options.memoryMiB)",
                "-nodefaults", "-nographic", "-no-reboot", "-monitor", "none",
                "-serial", "stdio", "-qmp", "unix:\(directory)/qmp,server=on,wait=off",
                "-kernel", image.kernel, "-initrd", image.initrd,
                "-append", parameters.joined(separator: " "),
                "-netdev", "tap,id=net0,ifname=tap\(number),script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=net0,mac=\(hardwareAddress),romfile=",
                "-device", "virtio-serial-pci",
                "-chardev", "socket,id=shell,path=\(directory)/shell,server=on,wait=off",
                "-device", "virtserialport,chardev=shell,name=lab.shell",
            ]
        for (name, file) in zip(image.disks.map(\.name), disks)
        where !options.absent.contains(name) {
            command += [
                "-drive", "if=none,id=\(name),file=\(file),format=qcow2,cache=unsafe",
                "-device", "virtio-blk-pci,drive=\(name),serial=\(name)",
            ]
        }
        return command
    }
}

/// What a line of the console means for a timeline, if anything.
private func consoleStory(_ line: String) -> (source: String, text: String)? {
    if let range = line.range(of: "davit: ") { return ("davit", String(line[range.upperBound...])) }
    let milestones = [
        "Linux version": "kernel starts",
        "Kernel panic": "kernel panics",
        "set up successfully": "Debian's cryptroot: disk set up",
        "Welcome to": "the root's systemd starts",
        "LAB: booted": "booted",
    ]
    return milestones.first { line.contains($0.key) }.map { ("guest", $0.value) }
}
