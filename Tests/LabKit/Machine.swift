import Foundation

/// What differs between the machine architectures that the lab can boot.
package struct Machine: Sendable {
    /// QEMU's program for the architecture.
    package let emulator: String
    /// Debian's name of the architecture.
    package let debian: String
    /// The first serial port, as the kernel calls it.
    package let console: String
    let model: [String]
    /// The processor that software emulation runs well. See `kernelParameters`.
    let emulatedProcessor: String
    /// Parameters without which the emulated processor does not run reliably.
    let emulatedParameters: [String]

    /// What the kernel says of processors that stand still for seconds, which those of a busy host's guests do, would stand
    /// in the middle of what a story waits for on the console; and systemd gives units and disks 90 s.
    private static let slowHost = [
        "nowatchdog", "rcupdate.rcu_cpu_stall_suppress=1",
        "systemd.default_timeout_start_sec=900", "systemd.default_device_timeout_sec=900",
    ]

    /// The architecture of this host, whose guests need no foreign programs to be built.
    package static func host() throws -> Machine {
        var name = utsname()
        uname(&name)
        let architecture = withUnsafeBytes(of: name.machine) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch architecture {
        case "x86_64":
            // Under software emulation the kernel's allocator loses cmpxchg16b races and panics,
            // while Swift's runtime needs the instruction: hidden from the kernel alone. Hide no
            // more than this: with -svm too, readlink of /proc/self/exe gives "xxxxxxxx" (QEMU 7.2).
            // On a busy host the kernel may see no tick while it tests the timer, and panics as well.
            return Machine(
                emulator: "qemu-system-x86_64", debian: "amd64", console: "ttyS0", model: [],
                emulatedProcessor: "max,-erms,-fsrm",
                emulatedParameters: ["clearcpuid=cx16", "no_timer_check"] + slowHost)
        case "aarch64":
            return Machine(
                emulator: "qemu-system-aarch64", debian: "arm64", console: "ttyAMA0",
                model: ["-machine", "virt"], emulatedProcessor: "max,pauth-impdef=on",
                emulatedParameters: slowHost)
        default:
            throw LabError.missing(
                what: "an x86_64 or aarch64 machine", fix: "This one is \(architecture).")
        }
    }
}
