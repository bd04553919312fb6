/// Who records: one of davit's processes, by what it does.
package enum Component: UInt8, Sendable, CaseIterable {
    /// A program that davit has no name for.
    case other
    case boot, export, `init`, net, reboot, repair, session, sshd, supervise, unlock

    /// A service of the supervisor's, whose last words it records.
    package init(service: String) {
        self = Self.allCases.first { $0.name == service } ?? .other
    }

    package var name: String { "\(self)" }
}
