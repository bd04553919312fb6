import ExportCore
import LinuxKit

/// One run of `davit export` changes configfs at a time; and one at a time writes the overlays of an export to its disks,
/// which may take hours and holds up no other export.
enum Turn {
    private static var path: String { Roots.run + "/export/lock" }
    private static func path(_ name: ExportName) -> String { Roots.run + "/export/\(name).lock" }

    package struct Taken: Error, CustomStringConvertible {
        let holder: Int32?
        package var description: String {
            let who = holder.map { "process \($0)" } ?? "another process"
            return
                "Another 'davit export' (\(who)) is at work and did not finish in time. 'davit export status' "
                + "says how far it is."
        }
    }

    /// Waits for the turn, and has it while `body` runs.
    static func run<Result>(
        within patience: Duration = .seconds(10), _ body: () throws -> Result
    ) throws -> Result {
        try withExtendedLifetime(take(path, within: patience)) { _ in try body() }
    }

    /// The same for the overlays of one export. Who has this turn may wait for the other one, and nobody the other way
    /// round.
    static func run<Result>(
        of name: ExportName, within patience: Duration = .seconds(10), _ body: () throws -> Result
    ) throws -> Result {
        try withExtendedLifetime(take(path(name), within: patience)) { _ in try body() }
    }

    /// When the export goes.
    static func forget(_ name: ExportName) { try? Files.remove(path(name)) }

    private static func take(_ path: String, within patience: Duration) throws -> LockFile {
        try Files.makeDirectory(Intent.directory, mode: 0o700)
        let deadline = Clock.now + patience
        while true {
            if let lock = try LockFile(taking: path) { return lock }
            guard Clock.now < deadline else { throw Taken(holder: LockFile.holder(path)) }
            // flock(2) has no descriptor to poll for.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(20))
        }
    }
}
