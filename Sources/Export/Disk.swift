import ExportCore
import LinuxKit

/// A block device of this host, looked at for exporting it.
struct Disk {
    /// As it was named on the command line.
    let given: String
    let node: BlockNode

    var number: DeviceNumber { DeviceNumber(major: node.major, minor: node.minor) }

    /// `nil` while there is nothing of that name, or no medium in it.
    /// - Throws: `Refusal.noBlockDevice`.
    init?(_ given: String) throws(Refusal) {
        switch BlockNode.look(at: given) {
        case .missing: return nil
        case .otherThing: throw .noBlockDevice(given)
        case .block(let node):
            guard node.sectors > 0 else { return nil }
            self.given = given
            self.node = node
        }
    }

    /// What it is known by on every run, wherever it is plugged in: by itself, or else by what is on it.
    func identity(_ content: Content) -> DiskIdentity {
        let own = ownIdentity
        guard !own.isLasting, !content.uuid.isEmpty else { return own }
        let member = content.memberCount > 0 ? " member \(content.memberIndex)" : ""
        return DiskIdentity("superblock \(content.uuid)\(member)")
    }

    /// The same node, or another path to the same disk.
    func isSame(as other: Disk) -> Bool {
        guard number != other.number else { return true }
        let own = ownIdentity
        return (own.text.hasPrefix("wwid ") || own.text.hasPrefix("device/wwid "))
            && own == other.ownIdentity
    }

    private var ownIdentity: DiskIdentity {
        if let uuid = node.mapperUUID {
            return DiskIdentity("dm " + Self.withoutMappingName(uuid))
        }
        if let whole = node.wholeDisk.flatMap({ BlockNode(name: $0) }),
            let index = node.attribute("partition")
        {
            let parent = Self.identity(ofWhole: whole)
            return DiskIdentity("\(parent.text) partition \(index)", isLasting: parent.isLasting)
        }
        return Self.identity(ofWhole: node)
    }

    private static func identity(ofWhole node: BlockNode) -> DiskIdentity {
        if let uuid = node.attribute("md/uuid") { return DiskIdentity("md \(uuid)") }
        for attribute in ["wwid", "device/wwid", "serial", "device/serial"] {
            if let text = node.attribute(attribute) { return DiskIdentity("\(attribute) \(text)") }
        }
        return DiskIdentity("name \(node.name)", isLasting: false)
    }

    /// `CRYPT-LUKS2-UUID-NAME` without the name, which is whatever somebody typed when it was opened.
    private static func withoutMappingName(_ uuid: String) -> String {
        let parts = uuid.split(separator: "-", maxSplits: 3)
        guard parts.count == 4, parts[0] == "CRYPT", parts[1].hasPrefix("LUKS") else { return uuid }
        return parts[..<3].joined(separator: "-")
    }
}
