import Foundation

/// How QEMU runs a guest's processor.
package enum Accelerator: Sendable, Equatable {
    case kvm
    case emulation

    /// KVM where it is proved by a boot: its device may open and yet hang in a nested machine.
    static func best(
        machine: Machine, kernel: String, enclosure: Enclosure
    ) async -> Accelerator {
        await proofs.result(machine: machine, kernel: kernel, enclosure: enclosure)
    }

    private static let proofs = Proofs()

    /// One proof for each run of the lab.
    private actor Proofs {
        private var proof: Task<Accelerator, Never>?

        func result(
            machine: Machine, kernel: String, enclosure: Enclosure
        ) async -> Accelerator {
            let task =
                proof
                ?? Task { await prove(machine: machine, kernel: kernel, enclosure: enclosure) }
            proof = task
            return await task.value
        }
    }

    private static func prove(
        machine: Machine, kernel: String, enclosure: Enclosure
    ) async -> Accelerator {
        guard access("/dev/kvm", R_OK | W_OK) == 0 else { return .emulation }
        let command =
            [machine.emulator] + machine.model + [
                "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-nographic",
                "-no-reboot", "-monitor", "none", "-serial", "stdio", "-kernel", kernel,
                "-append", "console=\(machine.console) panic=-1",
            ]
        guard let child = try? enclosure.start(command, name: "QEMU with KVM") else {
            return .emulation
        }
        // Without an initrd the kernel panics at the root device: it has run its whole start.
        let booted = try? await child.output.expect("Kernel panic", within: .seconds(5))
        await child.kill()
        return booted == nil ? .emulation : .kvm
    }
}
