import LinuxKit
import RepairCore

/// Finds checkers; davit brings none along.
package enum Checkers {
    /// Where uploaded checkers are looked for first; in many an initramfs nothing can be started from below /run.
    private static var tools: String { Roots.run + "/tools" }
    /// The place to name for an upload.
    package static var uploads: String { Files.exists("/root") ? "/root" : tools }

    /// A program that was found.
    package struct Found: Sendable, Equatable {
        package let path: String
        /// As it says itself; empty where it does not.
        package let version: String
    }

    /// The checker of a file system, the given one or the first that is found.
    /// - Throws: `.noChecker`, or `.notAProgram` for a given one that cannot be trusted or run.
    package static func find(
        for backend: any Backend, given: String?
    ) throws(RepairError) -> Found {
        if let given {
            guard isTrusted(given) else { throw .notAProgram(given) }
            return Found(path: given, version: version(of: given, backend))
        }
        if let found = Self.path(of: backend.programs) {
            return Found(path: found, version: version(of: found, backend))
        }
        throw .noChecker(names: backend.programs, package: backend.package)
    }

    /// The first of these programs that is here, uploaded ones first.
    static func path(of programs: [String]) -> String? {
        let path = Environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        let standard = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"]
        for directory in [tools] + path + standard + ["/root"] {
            for name in programs where isTrusted("\(directory)/\(name)") {
                return "\(directory)/\(name)"
            }
        }
        return nil
    }

    /// What is to run as root must not be for others to change.
    private static func isTrusted(_ path: String) -> Bool {
        guard path.hasPrefix("/"), let status = try? FileStatus(of: path) else { return false }
        return status.isRegular && status.mode & 0o022 == 0 && status.isOwnedByUs
            && Files.canRun(path)
    }

    private static func version(of path: String, _ backend: any Backend) -> String {
        guard !backend.versionArguments.isEmpty else { return "" }
        let said = output(of: path, backend.versionArguments, atMost: 4096)
        return Line(said.prefix { $0 != UInt8(ascii: "\n") }).trimmed.text
    }

    /// What a program says that ends within three seconds; a fake or broken one must not hold anything up.
    static func output(of path: String, _ arguments: [String], atMost limit: Int) -> [UInt8] {
        guard let pipe = try? FileDescriptor.pipe() else { return [] }
        var request = ChildProcess.Request(path, arguments)
        request.environment = Environment.inherited + ["LC_ALL=C"]
        request.output = pipe.writing.number
        request.error = pipe.writing.number
        // Dropped at the end, which kills it.
        guard var child = try? ChildProcess(starting: request),
            (try? child.wait(until: Clock.now + .seconds(3))) != nil,
            (try? pipe.reading.setNonBlocking()) != nil
        else { return [] }
        return (try? pipe.reading.readAll(limit: limit)) ?? []
    }
}
