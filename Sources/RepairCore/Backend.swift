/// What a run of a checker is for.
package enum Purpose: String, Sendable, Equatable, CaseIterable {
    /// Look only; the read-only form.
    case check
    /// Write what has to be written.
    case repair
}

/// One way to start a checker.
package struct Invocation: Equatable, Sendable {
    /// The program's name without a directory.
    package let program: String
    /// Its arguments without the program's name.
    package let arguments: [String]
    /// The program writes its progress to descriptor 3.
    package var progressDescriptor = false

    package init(_ program: String, _ arguments: [String], progressDescriptor: Bool = false) {
        self.program = program
        self.arguments = arguments
        self.progressDescriptor = progressDescriptor
    }
}

/// A mount that lets the kernel replay a journal or check, or its own fsck with the options of a mount.
package struct KernelMount: Equatable, Sendable {
    /// The kernel's name of the file system.
    package let type: String
    /// Separated by commas, as mount(8) takes them after -o.
    package private(set) var options: String
    /// Nothing is mounted.
    package let isFsck: Bool

    package init(type: String, options: String, isFsck: Bool = false) {
        self.type = type
        self.options = options
        self.isFsck = isFsck
    }

    /// The same with one more option.
    package func adding(_ option: String) -> KernelMount {
        var other = self
        other.options += options.isEmpty ? option : ",\(option)"
        return other
    }

    /// What the kernel's log of a mount that ended with `code` means.
    package static func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        guard code == 0 else {
            return Meaning(8, "the kernel did not mount it; the transcript says why")
        }
        if purpose == .check, progress.errorsFound > 0 {
            return Meaning(4, "the kernel found errors, and nothing was changed")
        }
        if progress.errorsFound > progress.errorsFixed {
            return Meaning(4, "the kernel mounted it and left errors uncorrected")
        }
        let replayed = progress.journal.replayed ? ", the journal was replayed" : ""
        return progress.errorsFixed > 0
            ? Meaning(1, "the kernel corrected errors\(replayed)")
            : Meaning(0, "the kernel mounted it without errors\(replayed)")
    }
}

/// How a run ended, in the words and bits of fsck(8).
package struct Meaning: Equatable, Sendable {
    /// 1 corrected, 2 reboot needed, 4 left uncorrected, 8 operational error, 16 usage, 32 cancelled, 128 library.
    package let bits: Int32
    package let words: String

    package init(_ bits: Int32, _ words: String) {
        self.bits = bits
        self.words = words
    }
}

/// What a person has allowed beyond the ordinary repair.
package struct Consent: Equatable, Sendable {
    /// Throw the log away (`xfs_repair -L`).
    package var discardLog = false

    package init(discardLog: Bool = false) { self.discardLog = discardLog }
}

/// One file system: its structure on disk, its checker, and what the checker's lines and exit codes mean.
///
/// A new one is one file, one row in `Backends.all`, and its fixtures.
package protocol Backend: Sendable {
    /// Such as `ext`.
    var name: String { get }
    /// Programs that check it, the preferred one first.
    var programs: [String] { get }
    /// The Debian package that has them.
    var package: String { get }
    /// What makes the program print its version and end; empty where nothing does.
    var versionArguments: [String] { get }
    /// The programs keep back what they print, up to 4096 bytes of it, where their output is no terminal.
    var speaksToTerminals: Bool { get }
    /// What surprises people about these checkers; each a whole sentence.
    var traps: [String] { get }

    /// Reads the superblock, or gives `nil` where there is none of this format.
    func superblock(in image: DiskImage) -> FileSystem?
    /// Looks for a copy of a superblock that is lost.
    func copyOfSuperblock(in image: DiskImage) -> FileSystem?

    /// How to start the checker on all members, in their order.
    func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation
    /// What the repair writes that cannot be taken back, beyond the repair itself; whole sentences.
    func cannotBeUndone(_ system: FileSystem, consent: Consent) -> [String]
    /// What has to come before a repair and is not the checker's work, such as a mount.
    func before(_ purpose: Purpose, _ system: FileSystem) -> [String]
    /// The mount by which the kernel itself serves `purpose`; `nil` where it cannot.
    func kernelMount(for purpose: Purpose, of system: FileSystem) -> KernelMount?
    /// The kernel's own fsck; `nil` where it has none.
    func kernelFsck(for purpose: Purpose) -> KernelMount?
    /// The mount by which what is reachable is counted; it may replay a journal.
    func readOnlyMount(of system: FileSystem) -> KernelMount
    /// The mount option that goes on with members missing; `nil` where there is only one member.
    var degradedOption: String? { get }
    /// What the exit code means after a run that reported `progress`.
    func meaning(ofExit code: Int32, of purpose: Purpose, _ progress: Progress) -> Meaning

    /// The line without what the kernel log or a terminal puts in front.
    func stripped(_ line: Line) -> Line
    /// What a line says; empty when this backend does not know it.
    func read(_ line: Line) -> [Observation]
    /// The same for what only the phase that it stands in explains.
    func read(_ line: Line, in phase: String?) -> [Observation]
    /// What a line says that is not ended yet.
    func unfinished(_ line: Line) -> [Observation]
}

extension Backend {
    package var speaksToTerminals: Bool { false }
    package func copyOfSuperblock(in image: DiskImage) -> FileSystem? { nil }
    package func cannotBeUndone(_ system: FileSystem, consent: Consent) -> [String] { [] }
    package func before(_ purpose: Purpose, _ system: FileSystem) -> [String] { [] }
    package func kernelMount(for purpose: Purpose, of system: FileSystem) -> KernelMount? { nil }
    package func kernelFsck(for purpose: Purpose) -> KernelMount? { nil }
    package func readOnlyMount(of system: FileSystem) -> KernelMount {
        KernelMount(type: system.type, options: "ro")
    }
    package var degradedOption: String? { nil }
    package func stripped(_ line: Line) -> Line { line }
    package func read(_ line: Line, in phase: String?) -> [Observation] { read(line) }
    package func unfinished(_ line: Line) -> [Observation] { [] }
}

/// All backends.
package enum Backends {
    /// The order decides nothing: whoever carries the marks of two formats is named with both, and neither is chosen.
    package static let all: [any Backend] = [
        ExtBackend(), XFSBackend(), BtrfsBackend(), BcachefsBackend(), F2FSBackend(), VFATBackend(),
        JFSBackend(),
    ]

    package static func named(_ name: String) -> (any Backend)? { all.first { $0.name == name } }

    /// The backend whose checker has this name, such as `xfs_repair`.
    package static func checking(with program: String) -> (any Backend)? {
        all.first { $0.programs.contains(program) }
    }

    /// Every file system whose marks are there.
    package static func superblocks(in image: DiskImage) -> [FileSystem] {
        all.compactMap { $0.superblock(in: image) }
    }

    /// Copies of superblocks that are lost themselves.
    package static func copies(in image: DiskImage) -> [FileSystem] {
        all.compactMap { $0.copyOfSuperblock(in: image) }
    }
}
