/// Why a device cannot be probed.
package enum BlkidError: Error, Equatable, CustomStringConvertible {
    case cannotOpen(path: String, reason: String)
    case cannotRead(path: String)
    /// Two formats claim the device; nobody can say which is right.
    case ambiguous(path: String)

    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "\(path) cannot be opened: \(reason)."
        case .cannotRead(let path):
            "\(path) cannot be read. The kernel log says more."
        case .ambiguous(let path):
            "\(path) carries the marks of more than one format. 'wipefs \(path)' lists them."
        }
    }
}
