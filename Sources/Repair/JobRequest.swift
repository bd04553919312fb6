import JSONKit
import RepairCore

/// What a job is to run: `request.json` in its directory.
///
/// `{purpose, backend, type, uuid, members: […], program, checkerVersion, arguments: […], progressDescriptor, inKernel,
/// isDegraded, isTrial, overlayIn, readSeconds, logTo, patienceSeconds}`.
package struct JobRequest: Sendable, Equatable {
    package let purpose: Purpose
    package let backend: String
    package let type: String
    package let uuid: String
    package let members: [String]
    /// The checker's path, and its version as it says itself.
    package let program: String
    package let checkerVersion: String
    package let arguments: [String]
    package let progressDescriptor: Bool
    /// davit itself is the program, and lets the kernel do it; the progress comes from the kernel's log.
    package let inKernel: Bool
    /// Members are missing, and it goes on without them.
    package let isDegraded: Bool
    /// It works on overlays, and what is reachable is counted before and after.
    package var isTrial = false
    /// The directory for the overlays; memory when `nil`.
    package var overlayIn: String?
    /// How long each of the two looks of a trial may read the files' content.
    package var readSeconds = 0
    /// A directory or device that gets a copy of the record.
    package let logTo: String?
    /// How long no step may come until a verdict other than working or slow.
    package let patienceSeconds: Int

    package init(
        _ invocation: Invocation, for purpose: Purpose, of subject: Subject,
        with checker: Checkers.Found, logTo: String?, patienceSeconds: Int
    ) {
        self.purpose = purpose
        backend = subject.system.backend
        type = subject.system.type
        uuid = subject.system.uuid
        members = subject.paths
        program = checker.path
        checkerVersion = checker.version
        arguments = invocation.arguments
        progressDescriptor = invocation.progressDescriptor
        inKernel = false
        isDegraded = !subject.missing.isEmpty
        self.logTo = logTo
        self.patienceSeconds = patienceSeconds
    }

    package init(
        _ mount: KernelMount, for purpose: Purpose, of subject: Subject, logTo: String?,
        patienceSeconds: Int
    ) {
        self.purpose = purpose
        backend = subject.system.backend
        type = subject.system.type
        uuid = subject.system.uuid
        members = subject.paths
        program = "/proc/self/exe"
        checkerVersion = "the kernel's own \(mount.type)"
        arguments =
            ["job", mount.isFsck ? "fsck" : "mount", mount.type, mount.options] + subject.paths
        progressDescriptor = false
        inKernel = true
        isDegraded = !subject.missing.isEmpty
        self.logTo = logTo
        self.patienceSeconds = patienceSeconds
    }

    package init?(_ json: JSON) {
        guard let purpose = json["purpose"]?.string.flatMap(Purpose.init(rawValue:)),
            let backend = json["backend"]?.string, let type = json["type"]?.string,
            let uuid = json["uuid"]?.string, let members = json["members"]?.array,
            let program = json["program"]?.string, let version = json["checkerVersion"]?.string,
            let arguments = json["arguments"]?.array,
            let progressDescriptor = json["progressDescriptor"]?.bool,
            let inKernel = json["inKernel"]?.bool, let isTrial = json["isTrial"]?.bool,
            let isDegraded = json["isDegraded"]?.bool,
            let patience = json["patienceSeconds"]?.int
        else { return nil }
        self.purpose = purpose
        self.backend = backend
        self.type = type
        self.uuid = uuid
        self.members = members.compactMap(\.string)
        self.program = program
        checkerVersion = version
        self.arguments = arguments.compactMap(\.string)
        self.progressDescriptor = progressDescriptor
        self.inKernel = inKernel
        self.isDegraded = isDegraded
        self.isTrial = isTrial
        overlayIn = json["overlayIn"]?.string
        readSeconds = json["readSeconds"]?.int ?? 0
        logTo = json["logTo"]?.string
        patienceSeconds = patience
    }

    package var json: JSON {
        [
            "purpose": .string(purpose.rawValue), "backend": .string(backend),
            "type": .string(type), "uuid": .string(uuid),
            "members": .array(members.map { .string($0) }), "program": .string(program),
            "checkerVersion": .string(checkerVersion),
            "arguments": .array(arguments.map { .string($0) }),
            "progressDescriptor": .bool(progressDescriptor),
            "inKernel": .bool(inKernel), "isDegraded": .bool(isDegraded),
            "isTrial": .bool(isTrial), "overlayIn": JSON(overlayIn),
            "readSeconds": .number(readSeconds), "logTo": JSON(logTo),
            "patienceSeconds": .number(patienceSeconds),
        ]
    }

    /// Its exit code is fsck's, and not that of a mount.
    var endsAsFsck: Bool { !inKernel || arguments.contains("fsck") }

    /// What it is for, in one word.
    package var kind: String { isTrial ? "trial" : purpose.rawValue }

    /// The whole command line in words.
    var command: String { ([inKernel ? "davit" : program] + arguments).joined(separator: " ") }
}
