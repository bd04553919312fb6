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
enum ExitCode: Int32 {
    case done = 0
    /// Refused or failed.
    case failed = 1
    case timedOut = 99
    case usage = 100
    /// A system call failed.
    case system = 111
}
