/// One change of configfs. Paths are relative to its `target` directory.
package enum Step: Hashable, Sendable, CustomStringConvertible {
    case makeDirectory(String)
    case write(Value, to: String)
    case link(String, to: String)
    case removeLink(String)
    case removeDirectory(String)

    /// What is made, written or removed.
    package var path: String {
        switch self {
        case .makeDirectory(let path), .write(_, let path), .link(let path, _),
            .removeLink(let path),
            .removeDirectory(let path):
            path
        }
    }

    /// As one would type it in /sys/kernel/config/target.
    package var description: String {
        switch self {
        case .makeDirectory(let path): "mkdir \(path)"
        case .write(let value, let path): "echo \(value) > \(path)"
        case .link(let path, let target): "ln -s \(target) \(path)"
        case .removeLink(let path): "rm \(path)"
        case .removeDirectory(let path): "rmdir \(path)"
        }
    }
}

/// A step, and the LUN that it serves; `nil` when all of the target depend on it.
package struct PlannedStep: Hashable, Sendable {
    package let step: Step
    package let lun: Int?

    package init(_ step: Step, lun: Int? = nil) {
        self.step = step
        self.lun = lun
    }
}
