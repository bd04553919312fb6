import BootCore
import LinuxKit

/// How far the boot is, and what it waits for, as seen from the processes of the initramfs.
package enum BootStage: Sendable, Equatable {
    /// The system runs; the initramfs is over.
    case system
    /// Somebody asks for the passphrase of that device: Debian's cryptroot, or systemd.
    case passphrase(device: String)
    /// A prompt of Debian's cryptroot stands for a device that somebody else has opened; `endless`, where it would come
    /// back however often it is answered (`tries=0`).
    case heldPrompt(device: String, endless: Bool)
    /// cryptsetup derives a key or opens a device.
    case opening(device: String?)
    /// A checker runs on that device.
    case checking(device: String)
    /// The initramfs gave up and started a shell on the console.
    case rescueShell
    /// The root device, as `root=` names it, is not there yet.
    case rootDevice(String)
    /// In the initramfs, waiting for nothing that davit knows.
    case initramfs

    /// Looks at the machine.
    package static var now: BootStage {
        guard Host.isInitramfs else { return .system }
        let programs = shellNames.union(["askpass", "cryptsetup", "systemd-cryptsetup"])
        let processes = ProcessTable.all.filter {
            programs.contains($0.program) || isChecker($0.program)
        }
        let commandLine = Files.text(Roots.proc + "/cmdline", limit: 4096) ?? ""
        return stage(
            processes, environment: ProcessTable.environment, commandLine: commandLine,
            exists: Files.exists,
            isOpen: { name in
                BlockNode.all().contains { $0.mapperName == name && $0.sectors > 0 }
            }, asked: systemdAskers)
    }

    /// The processes whose questions systemd's agents are to answer.
    private static var systemdAskers: Set<Int32> {
        let directory = Roots.systemRun + "/systemd/ask-password"
        let files = Files.names(in: directory).filter { $0.hasPrefix("ask.") }
        return Set(
            files.compactMap { name in
                let lines = Files.text("\(directory)/\(name)")?.split(separator: "\n") ?? []
                return lines.first { $0.hasPrefix("PID=") }.flatMap { Int32($0.dropFirst(4)) }
            })
    }

    /// Decides from what was seen; what is most worth knowing comes first.
    package static func stage(
        _ processes: [ProcessTable.Entry], environment: (Int32, String) -> String?,
        commandLine: String, exists: (String) -> Bool, isOpen: (String) -> Bool,
        asked: Set<Int32> = []
    ) -> BootStage {
        if let checker = processes.first(where: { isChecker($0.program) }) {
            return .checking(device: checker.arguments.last ?? "a file system")
        }
        if let askpass = processes.first(where: { $0.program == "askpass" }) {
            guard let name = environment(askpass.pid, "CRYPTTAB_NAME") else {
                return .passphrase(device: askpass.arguments.dropFirst().joined(separator: " "))
            }
            guard isOpen(name) else { return .passphrase(device: name) }
            let tries = environment(askpass.pid, "CRYPTTAB_OPTION_tries").flatMap { Int($0) }
            return .heldPrompt(device: name, endless: tries.map { $0 <= 0 } ?? false)
        }
        // `systemd-cryptsetup attach NAME DEVICE …`; the one that asks, before one that derives a key.
        let attaching = processes.filter {
            $0.program == "systemd-cryptsetup" && $0.arguments.dropFirst().first == "attach"
        }
        if let one = attaching.first(where: { asked.contains($0.pid) }) ?? attaching.first {
            let name = one.arguments.dropFirst(2).first
            return asked.contains(one.pid)
                ? .passphrase(device: name ?? "a disk") : .opening(device: name)
        }
        if let cryptsetup = processes.first(where: { $0.program == "cryptsetup" }) {
            return .opening(device: cryptsetup.arguments.last)
        }
        if rescueShell(processes, environment: environment) != nil { return .rescueShell }
        let missing = missingRoot(commandLine: commandLine, exists: exists)
        return missing.map { .rootDevice($0) } ?? .initramfs
    }

    /// The root device as `root=` names it, when it is not there now.
    static var missingRoot: String? {
        missingRoot(
            commandLine: Files.text(Roots.proc + "/cmdline", limit: 4096) ?? "",
            exists: Files.exists)
    }

    private static func missingRoot(commandLine: String, exists: (String) -> Bool) -> String? {
        guard let root = root(commandLine), let path = root.path, !exists(path) else { return nil }
        return root.name
    }

    /// The root device as `root=` names it, and where it appears; `nil` without `root=`.
    static var root: (name: String, path: String?)? {
        root(Files.text(Roots.proc + "/cmdline", limit: 4096) ?? "")
    }

    private static func root(_ commandLine: String) -> (name: String, path: String?)? {
        let words = commandLine.split(separator: " ")
        let root = words.last { $0.hasPrefix("root=") }?.dropFirst("root=".count)
        return root.map { (String($0), devicePath($0)) }
    }

    static let shellNames: Set = ["sh", "dash", "busybox", "ash", "bash"]

    /// The shell that the initramfs started when it gave up: an interactive one with the prompt of its framework.
    static func rescueShell(
        _ processes: [ProcessTable.Entry], environment: (Int32, String) -> String?
    ) -> ProcessTable.Entry? {
        processes.first { process in
            shellNames.contains(process.program) && process.arguments.contains("-i")
                && environment(process.pid, "PS1").map(RescueShell.isPrompt) == true
        }
    }

    /// fsck, fsck.TYPE and e2fsck.
    ///
    /// Not `contains("fsck")`: that is part of the regular expressions, 1.3 MB in the static program.
    private static func isChecker(_ program: String) -> Bool {
        program.hasPrefix("fsck") || program.hasPrefix("e2fsck")
    }

    /// Where a `root=` value will appear, or `nil` when it names no device.
    private static func devicePath(_ root: Substring) -> String? {
        if root.hasPrefix("/dev/") { return String(root) }
        let links = [
            "UUID=": "by-uuid/", "LABEL=": "by-label/", "PARTUUID=": "by-partuuid/",
            "PARTLABEL=": "by-partlabel/",
        ]
        for (prefix, directory) in links where root.hasPrefix(prefix) {
            return Roots.dev + "/disk/" + directory + root.dropFirst(prefix.count)
        }
        return nil
    }

    /// One sentence without its full stop.
    package var words: String {
        switch self {
        case .system: "the system runs; the initramfs is over"
        case .passphrase(let device): "waits for the passphrase of \(device)"
        case .heldPrompt(let device, false):
            "waits at a prompt for \(device), which is open already; 'davit unlock' ends the prompt once nothing else is locked, 'davit boot' at once"
        case .heldPrompt(let device, true):
            "waits at a prompt for \(device), which is open already and asked for without end (tries=0); 'davit unlock \(device)' lets that prompt open it"
        case .opening(let device): "opens \(device ?? "an encrypted device")"
        case .checking(let device): "checks the file system on \(device)"
        case .rescueShell:
            "stopped in a rescue shell on the console; 'davit boot' lets it go on, 'davit reboot' resets"
        case .rootDevice(let root): "waits for the root device \(root)"
        case .initramfs: "goes on in the initramfs"
        }
    }

    /// The word for programs.
    package var word: String {
        switch self {
        case .system: "system"
        case .passphrase: "passphrase"
        case .heldPrompt: "held-prompt"
        case .opening: "opening"
        case .checking: "checking"
        case .rescueShell: "rescue-shell"
        case .rootDevice: "root-device"
        case .initramfs: "initramfs"
        }
    }
}
