import CLab
import Foundation

/// Where built things are kept, each under a key made of everything that went into it.
struct ImageCache: Sendable {
    let directory: String

    /// `$DAVIT_CACHE/lab`, or `.cache/lab` in the repository.
    init() throws {
        let environment = ProcessInfo.processInfo.environment
        try self.init(
            directory: (environment["DAVIT_CACHE"] ?? "\(repository)/.cache") + "/lab")
    }

    init(directory: String) throws {
        self.directory = directory
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
    }

    /// The path of `name`, made by `build` in a scratch directory when it is not there yet; it stays as long as this
    /// process lives.
    ///
    /// `build` gives the path of what it made in its scratch; it is moved into place whole.
    func entry(
        _ name: String, build: @Sendable (Enclosure) async throws -> String
    ) async throws -> String {
        let path = "\(directory)/\(name)"
        let lock = try await locked("\(directory)/lock")
        defer { close(lock) }
        if FileManager.default.fileExists(atPath: path) {
            touch(path)
            try keep(path)
            return path
        }
        removeAbandoned()
        let enclosure = try await Enclosure(network: .host, parent: directory)
        do {
            let made = try await build(enclosure)
            guard rename(made, path) == 0 else {
                throw LabError.system(call: "rename", object: made, errno: errno)
            }
            try keep(path)
        } catch {
            await enclosure.end()
            throw error
        }
        await enclosure.end()
        return path
    }

    /// Removes all but the `count` entries used last among those whose names start with `prefix`, and those in use.
    func prune(_ prefix: String, keep count: Int) async throws {
        let lock = try await locked("\(directory)/lock")
        defer { close(lock) }
        let files = FileManager.default
        let entries = try files.contentsOfDirectory(atPath: directory)
            .filter { $0.hasPrefix(prefix) }
            .map { name in
                let path = "\(directory)/\(name)"
                let used = try files.attributesOfItem(atPath: path)[.modificationDate] as? Date
                return (path: path, used: used ?? .distantPast)
            }
            .sorted { $0.used > $1.used }
        for entry in entries.dropFirst(count) {
            let descriptor = open(entry.path, O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            // A story of this run, or of another, still boots from it.
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            try files.removeItem(atPath: entry.path)
        }
    }

    /// Marks what this process uses; the kernel takes the mark away when it ends, however it ends.
    private func keep(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
            throw LabError.system(call: "flock", object: path, errno: errno)
        }
    }

    /// Only who holds the lock builds: other scratch directories are of runs that were killed.
    private func removeAbandoned() {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: directory)) ?? []
        where name.hasPrefix(Enclosure.scratchPrefix) {
            try? files.removeItem(atPath: "\(directory)/\(name)")
        }
    }

    private func touch(_ path: String) {
        try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
    }

    /// Two runs at once must not build the same image twice, nor find half of one.
    private func locked(_ path: String) async throws -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LabError.system(call: "open", object: path, errno: errno)
        }
        let deadline = ContinuousClock.now + .seconds(600)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < deadline else {
                close(descriptor)
                throw LabError.timedOut(
                    waitingFor: "another run that builds an image", seconds: 600, seen: path)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return descriptor
    }
}

/// Gathers what goes into a build; equal inputs have equal keys.
struct CacheKey {
    private var inputs: [UInt8] = []

    mutating func add(_ text: String) {
        inputs.append(contentsOf: text.utf8)
        inputs.append(0)
    }

    /// A file's name, mode and bytes; or those of all files below a directory.
    mutating func add(path: String) throws {
        let files = FileManager.default
        let attributes = try files.attributesOfItem(atPath: path)
        guard attributes[.type] as? FileAttributeType == .typeDirectory else {
            add("\(attributes[.posixPermissions] ?? 0)")
            let bytes = try fileBytes(path)
            add("\(bytes.count)")
            inputs.append(contentsOf: bytes)
            return
        }
        for name in try files.contentsOfDirectory(atPath: path).sorted() {
            add(name)
            try add(path: "\(path)/\(name)")
        }
    }

    /// Sixteen hexadecimal digits.
    var digest: String {
        var sum = [UInt8](repeating: 0, count: 32)
        lab_sha256(inputs, inputs.count, &sum)
        return sum.prefix(8).map(hexadecimal).joined()
    }
}
