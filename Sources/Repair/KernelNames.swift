import LinuxKit
import RepairCore

/// What the kernel's log calls the devices of a run, and what lies below them: a disk that fails is not named by the
/// partition, the array or the mapping on it.
struct KernelNames {
    /// The devices themselves, and the file system.
    let own: [String]
    /// Whole disks, members of arrays and mappings, and the ports and controllers that the disks hang on.
    let below: [String]

    /// Arrays and mappings on one another beyond this are a mistake.
    private static let deepest = 8

    init(of devices: [String], uuid: String) {
        let nodes = devices.compactMap { BlockNode(at: $0) }
        own = nodes.map(\.name) + (uuid.isEmpty ? [] : [uuid])
        var found: [String] = []
        for node in nodes { Self.add(below: node, to: &found, Self.deepest) }
        below = found
    }

    private static func add(below node: BlockNode, to found: inout [String], _ depth: Int) {
        guard depth > 0 else { return }
        // …/ata3/host2/target2:0:0/2:0:0:0/block/sda, or …/nvme/nvme0/nvme0n1.
        let path = Files.linkTarget("\(Roots.sys)/class/block/\(node.name)") ?? ""
        found += path.split(separator: "/").map(String.init).filter(isPort)
        for name in node.slaves + [node.wholeDisk].compactMap({ $0 }) where !found.contains(name) {
            found.append(name)
            if let next = BlockNode(name: name) { add(below: next, to: &found, depth - 1) }
        }
    }

    /// `ata3`, `nvme0`, or the SCSI address `2:0:0:0`.
    private static func isPort(_ word: String) -> Bool {
        for prefix in ["ata", "nvme"] where word.hasPrefix(prefix) {
            let number = word.dropFirst(prefix.utf8.count)
            return !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
        }
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isNumber } && !$0.isEmpty }
    }
}
