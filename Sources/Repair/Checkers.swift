import LinuxKit
import RepairCore

/// Finds checkers; davit brings none along.
package enum Checkers {
    /// The place to name for an upload: in many an initramfs nothing can be started from below /run.
    package static var uploads: String { Files.exists("/root") ? "/root" : uploadPlaces[0] }

    /// Where uploaded checkers are looked for, which come before those that the system has.
    private static var uploadPlaces: [String] { [Roots.run + "/tools", "/root"] }

    private static var places: [String] {
        let path = Environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        return uploadPlaces + path
            + ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"]
    }

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
            let path = given.hasPrefix("/") ? given : Files.realPath(given) ?? given
            if let reason = objection(to: path) { throw .notAProgram(path, reason: reason) }
            return try asked(path, backend)
        }
        let search = Search(for: backend.programs, in: places)
        guard let path = search.path else {
            throw .noChecker(
                names: backend.programs, package: backend.package, passedOver: search.passedOver)
        }
        return try asked(path, backend)
    }

    /// What lies in the places for programs of some names.
    struct Search: Equatable {
        /// The first that can be run.
        private(set) var path: String?
        /// Those before it that cannot, and why; whole sentences.
        private(set) var passedOver: [String] = []

        init(for programs: [String], in places: [String] = Checkers.places) {
            for place in places {
                for path in programs.map({ "\(place)/\($0)" }) where Files.exists(path) {
                    guard let reason = Checkers.objection(to: path) else {
                        self.path = path
                        return
                    }
                    let sentence = "\(path) cannot be run: \(reason)."
                    if !passedOver.contains(sentence) { passedOver.append(sentence) }
                }
            }
        }
    }

    /// The first of these programs that is here and can be run, uploaded ones first.
    static func path(of programs: [String]) -> String? { Search(for: programs).path }

    /// Why a file cannot be run, or must not: what is to run as root must not be for others to change.
    static func objection(to path: String) -> String? {
        guard let status = try? FileStatus(of: path) else { return "it is not there" }
        guard status.isRegular else { return "it is no file" }
        guard status.isOwnedByUs, status.mode & 0o022 == 0 else {
            return
                "others than root can change it; 'chown root \(path)' and 'chmod go-w \(path)' mend that"
        }
        guard status.mode & 0o111 != 0 else {
            return "it is not marked as a program; 'chmod 0755 \(path)' does that"
        }
        guard Files.canRun(path) else {
            return
                "it lies where nothing may be executed (noexec), as below /run in many an initramfs; \(uploads) will do"
        }
        guard let program = program(path) else { return nil }
        if let machine = program.machine, let own = Self.program("/proc/self/exe")?.machine,
            !own.mayRun(machine)
        {
            return "it was built for \(machine.words), and this machine is \(own.words)"
        }
        guard let interpreter = program.interpreter, !Files.exists(interpreter) else { return nil }
        return program.machine == nil
            ? "it is a script for \(interpreter), which is not here"
            : "it is linked dynamically and needs \(interpreter), which is not here; upload one that is linked statically, or bake it in: 'checkers =' in davit.conf"
    }

    private static func program(_ path: String) -> ProgramFile? {
        guard let file = try? FileDescriptor(readingWithoutWaiting: path),
            let size = file.length()
        else { return nil }
        let image = DiskImage(size: size) { offset, count in
            guard let again = try? FileDescriptor(readingWithoutWaiting: path) else { return nil }
            return try? again.read(count, at: offset)
        }
        return ProgramFile(image)
    }

    /// - Throws: `.notAProgram` for one that lacks its libraries.
    private static func asked(
        _ path: String, _ backend: any Backend
    ) throws(RepairError) -> Found {
        guard !backend.versionArguments.isEmpty else { return Found(path: path, version: "") }
        let said = output(of: path, backend.versionArguments, atMost: 4096)
        let first = Line(said.prefix { $0 != UInt8(ascii: "\n") }).trimmed
        if let trouble = Trouble.known(in: first, while: Progress()),
            trouble.name == "checker-lacks-libraries"
        {
            let next = trouble.nextStep(for: [])
            throw .notAProgram(path, reason: "it says '\(first.text)'. \(next)")
        }
        // bcachefs prints the number alone.
        let isNumber = first.text.utf8.first.map { (48...57).contains($0) } ?? false
        return Found(
            path: path, version: isNumber ? "\(backend.programs[0]) \(first.text)" : first.text)
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
