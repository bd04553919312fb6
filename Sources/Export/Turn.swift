import LinuxKit

/// One run of `davit export` changes configfs at a time.
enum Turn {
    private static var path: String { Roots.run + "/export/lock" }

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
        try withExtendedLifetime(take(within: patience)) { _ in try body() }
    }

    private static func take(within patience: Duration) throws -> LockFile {
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
