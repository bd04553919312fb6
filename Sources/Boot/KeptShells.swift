import BootCore
import JSONKit
import LinuxKit

/// The shells that outlive the connection on which they were asked for; each is a `davit job shell NUMBER`.
///
/// `$DAVIT_RUN/shell/N.socket` is where one that shows it connects, `N.json` what `KeptShell` says of it, and `N.lock` held by
/// that as long as it lives.
package enum KeptShells {
    package enum Failure: Error, CustomStringConvertible {
        case none(Int)
        case several([Int])
        case noShell
        case cannotBegin

        package var description: String {
            switch self {
            case .none(let id):
                "Shell \(id) is not there, or has ended. 'davit shell --list' shows those that are."
            case .several(let ids):
                "There are several: \(ids.map { "\($0)" }.joined(separator: ", ")). Give one of these numbers, or --new."
            case .noShell: "There is no /bin/sh here."
            case .cannotBegin: "The shell could not be begun; 'davit log' says why."
            }
        }
    }

    private static func directory(_ run: String = Roots.run) -> String { run + "/shell" }
    static func socketPath(_ id: Int, _ run: String = Roots.run) -> String {
        "\(directory(run))/\(id).socket"
    }
    static func lockPath(_ id: Int, _ run: String = Roots.run) -> String {
        "\(directory(run))/\(id).lock"
    }
    static func statePath(_ id: Int, _ run: String = Roots.run) -> String {
        "\(directory(run))/\(id).json"
    }

    /// What each that runs says of itself, by number, with `runs`: the program that has its terminal now.
    static var records: [JSON] {
        ids().compactMap { id in
            guard let text = Files.text(statePath(id)),
                case .object(let members)? = try? JSON(parsing: text), keeper(of: id) != nil
            else { return nil }
            let shell = members.first { $0.name == "shell" }?.value.int.flatMap(Int32.init)
            let program = shell.flatMap(ProcessTable.foreground)
            return .object(members + [.init("runs", JSON(program?.program))])
        }
    }

    private static func ids(_ run: String = Roots.run) -> [Int] {
        Files.names(in: directory(run)).compactMap { name in
            name.hasSuffix(".json") ? Int(name.dropLast(".json".count)) : nil
        }.sorted()
    }

    /// The process that keeps a shell; `nil` when it has ended, however it did.
    private static func keeper(of id: Int, _ run: String = Roots.run) -> Int32? {
        LockFile.holder(lockPath(id, run))
    }

    static func removeFiles(of id: Int, _ run: String = Roots.run) {
        for path in [socketPath(id, run), statePath(id, run), lockPath(id, run)] {
            try? Files.remove(path)
        }
    }

    /// The shell that is meant: the given one, or the only one; `nil` when there is none.
    /// - Throws: `Failure`.
    package static func chosen(_ id: Int?) throws(Failure) -> Int? {
        if let id {
            // Without a lock too, which a full /run may have no room for.
            guard Files.exists(socketPath(id)),
                LockFile.isHeld(lockPath(id)) || !Files.exists(lockPath(id))
            else { throw .none(id) }
            return id
        }
        let running = ids().filter { keeper(of: $0) != nil }
        guard running.count <= 1 else { throw .several(running) }
        return running.first
    }

    /// Starts one that nobody sees yet.
    /// - Returns: its number.
    package static func start() throws -> Int {
        guard Files.exists("/bin/sh") else { throw Failure.noShell }
        try Files.makeDirectory(Roots.run)
        // What is typed passes through there.
        try Files.makeDirectory(directory(), mode: 0o700)
        for id in 1...Int(Int32.max) {
            guard let listener = try UnixSocket.listen(at: socketPath(id)) else { continue }
            var request = ChildProcess.Request.davit(["job", "shell", "\(id)"])
            request.extra = listener.number
            request.newSession = true
            request.diesWithParent = false
            var keeper = try ChildProcess(starting: request)
            guard try isThere(id, keeper: &keeper) else {
                removeFiles(of: id)
                throw Failure.cannotBegin
            }
            keeper.detach()
            return id
        }
        throw Failure.cannotBegin
    }

    /// Waits until others can find it, where /run has room for that.
    /// - Returns: `false` when its keeper has ended instead.
    private static func isThere(
        _ id: Int, keeper: inout ChildProcess
    ) throws(SystemError) -> Bool {
        let deadline = Clock.now + patience
        while Clock.now < deadline, !Files.exists(statePath(id)) {
            let next = Clock.now + .milliseconds(10)
            if try keeper.wait(until: next) != nil { return false }
        }
        return true
    }

    private static let patience = Duration.seconds(5)

    /// Ends all of them; who has not ended by the deadline is killed.
    /// - Parameter run: $DAVIT_RUN, or another name of it.
    static func end(in run: String, by deadline: Duration) {
        let keepers = ids(run).compactMap { id in keeper(of: id, run).map { (id, $0) } }
        for (_, pid) in keepers { try? OtherProcess(pid)?.signal(Signal.terminate) }
        for (id, pid) in keepers {
            if let process = OtherProcess(pid),
                (try? process.waitForEnd(until: deadline)) != true
            {
                try? process.signal(Signal.kill)
            }
            // Where /run was moved meanwhile, its own path led the keeper nowhere.
            removeFiles(of: id, run)
        }
    }
}

/// What a shell's keeper and the process that shows it say to each other: messages, each of a byte and the rest.
enum ShellMessage {
    /// From who shows it: keys.
    static let typed = UInt8(ascii: "t")
    /// From who shows it: columns and rows, two bytes each, high ones first.
    static let size = UInt8(ascii: "s")
    /// From the keeper: what the terminal shows.
    static let shown = UInt8(ascii: "o")
    /// From the keeper: another shows it from now on.
    static let takenOver = UInt8(ascii: "x")
    /// From the keeper: the shell has ended, with this exit code.
    static let ended = UInt8(ascii: "e")

    static let longest = 8192
}
