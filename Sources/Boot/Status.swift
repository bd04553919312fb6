import BootCore
import JSONKit
import LinuxKit

/// What this machine is doing and waiting for, gathered from the state files of davit's processes and from /proc.
///
/// As JSON: `{version, host, kernel, architecture, now, boot: {stage, words, obstacle}, runIsFull, supervisor,
/// network: […], unlock: […], ssh: {listener, sessions: […]}, export: […], repair: […], shells: […], kernelNotes: [{name, words,
/// count, lastAt, line}]}`; `supervisor`, each interface, device, session and export as its process
/// wrote it, `null` where it wrote nothing. Times are milliseconds since boot, like `now`.
package struct Status: Sendable {
    package let now = Clock.now
    package let stage: BootStage
    /// Why the boot has stopped, and what can be done about it; `nil` when that is not known.
    package let obstacle: String?
    /// Nothing new can be written down, so that all below may be old.
    let runIsFull: Bool
    let supervisor: JSON
    let network: [JSON]
    let unlock: [JSON]
    let listener: JSON
    let sessions: [JSON]
    let exports: [JSON]
    /// What the kernel said that is worth reading.
    let kernelNotes: [KernelNotes.Note]
    /// Shells that go on without a session.
    let shells: [JSON]
    /// Repairs that run, and the last that has ended.
    let repairs: [JSON]

    /// How long the disks may take to be looked at.
    private static let patienceForDisks = Duration.seconds(2)
    /// How long the root may take, by when nobody waits for anything else.
    private static let patienceForRoot = Duration.seconds(5)

    /// Looks at the machine after `davit unlock --list` has written down what is locked: before the first passphrase
    /// nobody else has. As a child, for a disk that does not answer must not hold up the status.
    package static func withDisks() -> Status {
        if Host.isRoot, Host.isInitramfs,
            var child = try? ChildProcess(starting: .davit(["unlock", "--list"])),
            (try? child.wait(until: Clock.now + patienceForDisks)) ?? nil == nil
        {
            child.abandon()
        }
        return Status(obstacle: obstacle())
    }

    /// What a boot that gave up met with its root device; asked of a child, for the same reason.
    package static func obstacle() -> String? {
        guard BootStage.now == .rescueShell, let pipe = try? FileDescriptor.pipe() else {
            return nil
        }
        var request = ChildProcess.Request.davit(["status", "--root"])
        request.output = pipe.writing.number
        guard var child = try? ChildProcess(starting: request) else { return nil }
        guard let exit = (try? child.wait(until: Clock.now + patienceForRoot)) ?? nil else {
            child.abandon()
            return nil
        }
        guard exit == .code(1) else { return nil }
        try? pipe.reading.setNonBlocking()
        guard case .bytes(let bytes)? = try? pipe.reading.read(atMost: 4096) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Looks at the machine.
    package init(obstacle: String? = nil) {
        self.obstacle = obstacle
        stage = .now
        runIsFull = Files.isFull(Roots.run)
        // The file of one that was killed says "running" for ever.
        let isAlive = LockFile.isHeld(Supervisor.lockPath)
        supervisor = isAlive ? Self.file("supervise.json") : .null
        network = Self.files(in: "net")
        unlock = Self.disks()
        listener = Self.file("ssh/listener.json")
        sessions = Self.files(in: "ssh") { $0.hasPrefix("session-") }
        exports = Self.files(in: "export")
        repairs = Self.attempts()
        shells = KeptShells.records
        kernelNotes = Self.readKernelLog()
    }

    /// A small log holds some thousand records; a flood must not hold up who asks for the status.
    private static func readKernelLog() -> [KernelNotes.Note] {
        let log = KernelLogReader(fromStart: true)
        var notes = KernelNotes()
        for record in log.take(atMost: 20000) { notes.take(record) }
        return notes.notes
    }

    private static func json(_ note: KernelNotes.Note) -> JSON {
        [
            "name": .string(note.name),
            "words": .string(note.words),
            "count": .number(note.count),
            "lastAt": JSON(note.last.milliseconds),
            "line": .string(note.line),
        ]
    }

    package var json: JSON {
        [
            "version": 1,
            "host": .string(Host.name),
            "kernel": .string(Host.kernelRelease),
            "architecture": .string(Host.architecture),
            "now": JSON(now.milliseconds),
            "boot": [
                "stage": .string(stage.word), "words": .string(stage.words),
                "obstacle": JSON(obstacle),
            ],
            "runIsFull": .bool(runIsFull),
            "supervisor": supervisor,
            "network": .array(network),
            "unlock": .array(unlock),
            "ssh": ["listener": listener, "sessions": .array(sessions)],
            "export": .array(exports),
            "repair": .array(repairs),
            "shells": .array(shells),
            "kernelNotes": .array(kernelNotes.map(Self.json)),
        ]
    }

    /// The names of the exports that davit keeps.
    var exportNames: [String] { exports.compactMap { $0["name"]?.string } }

    /// A file that a process died writing does not exist (they are replaced in one step); one that is no JSON is
    /// somebody else's, and passed over.
    private static func file(_ name: String) -> JSON {
        guard let text = Files.text("\(Roots.run)/\(name)") else { return .null }
        return (try? JSON(parsing: text)) ?? .null
    }

    /// The file of one that was killed says "trying" for ever.
    private static func disks() -> [JSON] {
        let isTrying = LockFile.isHeld("\(Roots.run)/unlock/lock")
        return files(in: "unlock").map { disk in
            guard case .object(let members) = disk, disk["state"] == "trying", !isTrying else {
                return disk
            }
            return .object(members.map { $0.name == "state" ? .init("state", "locked") : $0 })
        }
    }

    /// Each attempt has a directory; who works on it holds its lock.
    private static func attempts() -> [JSON] {
        let numbers = Files.names(in: "\(Roots.run)/repair").compactMap { Int($0) }.sorted()
        var running: [JSON] = []
        var last: JSON?
        for number in numbers {
            // Asked first: who ends between the two looks has written its last word by then.
            let isAlive = LockFile.isHeld("\(Roots.run)/repair/\(number)/lock")
            let record = file("repair/\(number)/record.json")
            guard case .object(let members) = record else { continue }
            if isAlive {
                running.append(record)
            } else if record["state"] != "ended" {
                last = .object(
                    members.map { $0.name == "state" ? .init("state", "interrupted") : $0 })
            } else {
                last = record
            }
        }
        return running + (running.isEmpty ? [last].compactMap { $0 } : [])
    }

    private static func files(
        in directory: String, where isWanted: (String) -> Bool = { _ in true }
    ) -> [JSON] {
        Files.names(in: "\(Roots.run)/\(directory)")
            .filter { $0.hasSuffix(".json") && isWanted($0) }
            .map { file("\(directory)/\($0)") }
            .filter { $0 != .null }
    }
}
