import LinuxKit

extension BlockUses {
    /// Who uses a device or an image file, in words; empty when nobody does.
    func words(of path: String) -> [String] {
        switch BlockNode.look(at: path) {
        case .missing: return []
        case .otherThing: return LoopDevice.devices(over: path).map { "attached to \($0)" }
        case .block(let node):
            let uses = uses(of: node).map(\.words)
            guard uses.isEmpty, node.isHeld else { return uses }
            let programs = ProcessTable.openers(of: node).map(\.words)
            return programs.isEmpty
                ? [
                    "held by the kernel, as for an iSCSI export, or by a program that does not show itself"
                ]
                : ["held by \(programs.joined(separator: ", "))"]
        }
    }
}

extension BlockUse {
    fileprivate var words: String {
        switch self {
        case .mounted(let point): "mounted at \(point)"
        case .swap: "in use as swap"
        case .under(let node): "open as \(node.namedPath)"
        case .member(let kind, let uuid): "a member of the mounted \(kind) file system \(uuid)"
        }
    }
}
