import Glibc
import LinuxKit
import UnlockCore

/// Debian's askpass: it holds a FIFO open and gives what is written there to cryptsetup.
/// Source: cryptsetup debian/askpass.c, debian/initramfs/scripts/local-top/cryptroot.
struct Askpass {
    var fifo = "/lib/cryptsetup/passfifo"

    /// The process that reads the FIFO, and whether cryptroot is at work at all.
    func look() -> (asking: AttemptMachine.Asking?, cryptrootRuns: Bool) {
        guard let wanted = Self.identity(fifo) else { return (nil, scriptRuns()) }
        for pid in processes {
            guard let name = device(of: pid) else { continue }
            for descriptor in Files.names(in: "\(Roots.proc)/\(pid)/fd")
            where Self.identity("\(Roots.proc)/\(pid)/fd/\(descriptor)") == wanted {
                return (.init(name: name, pid: pid), true)
            }
        }
        return (nil, scriptRuns())
    }

    /// Writes `bytes` into the FIFO in one go and closes it, which is askpass's end of input.
    ///
    /// Never waits longer than two seconds; nobody reading is an error, as is a key longer than the pipe takes then.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        let pipe = try FileDescriptor(opening: fifo, O_WRONLY | O_NONBLOCK)
        let deadline = Clock.now + .seconds(2)
        var rest = bytes
        while !rest.isEmpty {
            if let count = try pipe.writeOnce(rest) {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else if Clock.now >= deadline {
                throw SystemError("write to", fifo, code: ETIMEDOUT)
            } else {
                _ = try Poll.wait([.init(pipe.number, .output)], until: deadline)
            }
        }
    }

    /// Ends a prompt for a device that is open already: its cryptsetup then fails, and cryptroot counts a try.
    func release() throws(SystemError) {
        var line = UInt8(ascii: "\n")
        try withUnsafeBytes(of: &line) { bytes throws(SystemError) in try write(bytes) }
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

    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
    }

    /// Which file a path leads to, FIFOs only: /lib may be a link, and the descriptor's link names its target.
    private static func identity(_ path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
        return Identity(device: status.st_dev, inode: status.st_ino)
    }
}
