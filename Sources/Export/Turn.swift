import LinuxKit

/// One run of `davit export` changes configfs at a time.
enum Turn {
    private static var path: String { Roots.run + "/export/lock" }

    package struct Taken: Error, CustomStringConvertible {
        let holder: Int32?
        package var description: String {
            let who = holder.map { "process \($0)" } ?? "another process"
            return
                "Another 'davit export' (\(who)) is at work and did not finish within 10 s. 'davit export status' "
                + "says how far it is."
        }
    }

    /// Waits for the turn, at most 10 s, and has it while `body` runs.
    static func run<Result>(_ body: () throws -> Result) throws -> Result {
        try withExtendedLifetime(take()) { _ in try body() }
    }

    private static func take() throws -> LockFile {
        try Files.makeDirectory(Intent.directory, mode: 0o700)
        let deadline = Clock.now + .seconds(10)
        while true {
            if let lock = try LockFile(taking: path) { return lock }
            guard Clock.now < deadline else { throw Taken(holder: LockFile.holder(path)) }
            // flock(2) has no descriptor to poll for.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(20))
        }
    }
}
