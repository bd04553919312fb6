/// One applet of the program: one type, one file in Commands.
protocol Command {
    /// The first argument that chooses it, and the name after `davit-` of its symbolic link.
    static var name: String { get }
    /// What it does, in one line of `davit help`.
    static var summary: String { get }
    /// The whole text of `davit help NAME`.
    static var help: String { get }
    /// Whether `davit help` lists it; the applets that davit starts for itself are left out.
    static var isPublic: Bool { get }

    /// Carries it out with the words after its name.
    static func run(_ arguments: [String]) throws -> ExitCode
}

extension Command {
    static var isPublic: Bool { true }
}

/// What a process of davit ends with.
struct ExitCode: RawRepresentable, Equatable {
    let rawValue: Int32

    static let done = ExitCode(rawValue: 0)
    /// Refused or failed.
    static let failed = ExitCode(rawValue: 1)
    static let timedOut = ExitCode(rawValue: 99)
    static let usage = ExitCode(rawValue: 100)
    /// A system call failed.
    static let system = ExitCode(rawValue: 111)
}
