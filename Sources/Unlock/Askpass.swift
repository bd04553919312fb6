import LinuxKit
import UnlockCore

/// Debian's askpass: it holds a FIFO open and gives what is written there to cryptsetup.
/// Source: cryptsetup debian/askpass.c, debian/initramfs/scripts/local-top/cryptroot.
struct Askpass {
    var fifo = NamedPipe(Roots.lib + "/cryptsetup/passfifo")

    /// The process that reads the FIFO, and whether cryptroot is at work at all.
    func look() -> (asking: AttemptMachine.Asking?, cryptrootRuns: Bool) {
        for pid in processes {
            if let name = device(of: pid), fifo.isHeld(by: pid) {
                return (.init(name: name, pid: pid), true)
            }
        }
        return (nil, scriptRuns())
    }

    /// Gives `bytes` to askpass through the FIFO, in one go, and closes it, which is askpass's end of input; waits 2 s at
    /// most.
    /// - Throws: ESRCH when that askpass does not ask any more: whoever asks now may ask for another disk.
    func write(
        _ bytes: UnsafeRawBufferPointer, to asking: AttemptMachine.Asking
    ) throws(SystemError) {
        guard device(of: asking.pid) == asking.name else {
            throw SystemError("write to", fifo.path, code: 3)
        }
        try fifo.lend(bytes, to: asking.pid, patience: .seconds(2))
    }

    /// Ends a prompt for a device that is open already: its cryptsetup then fails, and cryptroot counts a try.
    func release(_ asking: AttemptMachine.Asking) throws(SystemError) {
        var line = UInt8(ascii: "\n")
        try withUnsafeBytes(of: &line) { bytes throws(SystemError) in
            try write(bytes, to: asking)
        }
    }

    /// Whether cryptroot would ask for that device again, however often the prompt is ended.
    /// Source: cryptsetup debian/initramfs/scripts/local-top/cryptroot, setup_mapping.
    static func isEndless(_ asking: AttemptMachine.Asking) -> Bool {
        ProcessTable.environment(of: asking.pid, "CRYPTTAB_OPTION_tries").flatMap { Int($0) }
            .map { $0 <= 0 } ?? false
    }

    private var processes: [Int32] { Files.names(in: Roots.proc).compactMap { Int32($0) } }

    /// cryptroot exports the mapping's name to what it starts.
    private func device(of pid: Int32) -> String? {
        ProcessTable.environment(of: pid, "CRYPTTAB_NAME")
    }

    /// Between two prompts there is only the script, or the cryptsetup that it started.
    private func scriptRuns() -> Bool {
        ProcessTable.all.contains { process in
            process.arguments.prefix(3).contains {
                $0.hasSuffix("/local-top/cryptroot") || $0.hasSuffix("/local-block/cryptroot")
            } || !process.arguments.isEmpty && device(of: process.pid) != nil
        }
    }
}
