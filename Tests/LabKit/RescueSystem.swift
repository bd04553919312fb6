import Foundation

/// A small machine that boots a kernel of Debian's with davit and some checkers, runs one script, and ends.
package struct RescueSystem: Sendable {
    private let machine: Machine
    private let kernel: String
    private let initrd: String

    /// Builds it, or finds it in the cache.
    /// - Parameter programs: this host's, such as `e2fsck`; they come with their libraries.
    /// - Throws: `.missing` without tools or without `dist/davit`.
    package static func prepared(programs: [String]) async throws -> RescueSystem {
        let machine = try Machine.host()
        try Tools.require(
            ["mmdebstrap", "tar", "zstd", "cpio", "depmod", machine.emulator] + programs)
        let davit = "\(repository)/dist/davit"
        guard FileManager.default.isExecutableFile(atPath: davit) else {
            throw LabError.missing(what: davit, fix: "Run scripts/build-static.")
        }
        var plan = GuestImage.Plan()
        plan.suite = "trixie"
        let cache = try ImageCache()
        let base = try await ImageBuilder(plan: plan, machine: machine, cache: cache)
            .base { _ in }
        let found = programs.compactMap { Tools.find($0) }
        let recipe = "\(repository)/Tests/LabImage/make-rescue"
        var key = CacheKey()
        key.add(base)
        try key.add(path: recipe)
        for path in [davit] + found { try key.add(path: path) }
        let directory = try await cache.entry("rescue-\(key.digest)") { enclosure in
            let output = "\(enclosure.scratch)/rescue"
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            try await enclosure.run([recipe, base, output, davit] + found, within: .seconds(240))
            return output
        }
        try await cache.prune("rescue-", keep: 2)
        return RescueSystem(
            machine: machine, kernel: "\(directory)/vmlinuz", initrd: "\(directory)/initrd")
    }

    /// Boots it with `disks` (raw images, which are written to) as /dev/vda, /dev/vdb, …
    /// - Parameters:
    ///   - parameters: added to the kernel's command line.
    ///   - restarts: a reset begins the script again, and the end of the script is the end; otherwise a reset is.
    /// - Returns: what the script printed, without carriage returns.
    /// - Throws: `.timedOut` when the script has not ended after `limit`.
    package func run(
        _ script: String, disks: [String], within limit: Duration, memoryMiB: Int = 1024,
        parameters more: [String] = [], restarts: Bool = false
    ) async throws -> String {
        try await Lab.with("Rescue system") { lab in
            let scratch = lab.enclosure.scratch
            try FileManager.default.createDirectory(
                atPath: "\(scratch)/more", withIntermediateDirectories: true)
            try Data(script.utf8).write(to: URL(fileURLWithPath: "\(scratch)/more/story"))
            // The kernel unpacks one archive after the other; what follows a compressed one would have to be aligned.
            try await lab.enclosure.run([
                "sh", "-euc",
                "(cd \"$0/more\" && echo story | cpio --quiet -o -H newc) >\"$0/story.cpio\"; cat \"$0/story.cpio\" \"$1\" >\"$0/initrd\"",
                scratch, initrd,
            ])
            let accelerator = await Accelerator.best(
                machine: machine, kernel: kernel, enclosure: lab.enclosure)
            let emulated = accelerator == .emulation
            let parameters =
                ["console=\(machine.console)", "panic=-1", "quiet"]
                + (emulated ? machine.emulatedParameters : []) + more
            var command =
                [machine.emulator] + machine.model + [
                    "-accel", emulated ? "tcg,thread=multi" : "kvm",
                    "-cpu", emulated ? machine.emulatedProcessor : "host",
                    "-smp", "2", "-m", "\(memoryMiB)", "-nodefaults", "-nographic",
                    "-monitor", "none", "-serial", "stdio", "-kernel", kernel,
                    "-initrd", "\(scratch)/initrd", "-append", parameters.joined(separator: " "),
                ]
            if !restarts { command.append("-no-reboot") }
            for disk in disks {
                command += ["-drive", "if=virtio,format=raw,cache=unsafe,file=\(disk)"]
            }
            let qemu = try lab.enclosure.start(command, name: "QEMU")
            do {
                try await qemu.output.expect("STORY ENDS", within: limit)
            } catch {
                await qemu.kill()
                throw error
            }
            await qemu.kill()
            let text = qemu.output.text.replacingOccurrences(of: "\r", with: "")
            let told = text.components(separatedBy: "STORY BEGINS\n").dropFirst().joined()
            return told.components(separatedBy: "STORY ENDS").first ?? told
        }
    }
}
