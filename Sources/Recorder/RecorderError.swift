import CLinux
import LinuxKit

/// Why a ring is not used.
package enum RecorderError: Error, Equatable, CustomStringConvertible {
    case otherVersion(path: String, version: UInt32)
    case damaged(path: String)
    case unreachable(SystemError)

    /// - Parameter version: what its header says, 0 when it is none.
    init(_ path: String, version: UInt32) {
        self =
            version == 0 || version == UInt32(davit_ring_version)
            ? .damaged(path: path) : .otherVersion(path: path, version: version)
    }

    package var description: String {
        switch self {
        case .otherVersion(let path, let version):
            "\(path) is of version \(version), which another davit writes; this one knows version \(davit_ring_version). Read it with that davit, or remove it and a new one is made."
        case .damaged(let path):
            "\(path) is no flight recorder, or is damaged. Remove it, and a new one is made."
        case .unreachable(let error): error.description
        }
    }
}
