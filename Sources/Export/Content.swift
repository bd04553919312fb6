import BlkidKit
import ExportCore
import LinuxKit

/// What is on a disk, and which others belong to it.
struct Content: Equatable {
    /// libblkid's type; empty when nothing is recognised.
    var type = ""
    var uuid = ""
    /// Where the file system has several members.
    var member: MemberSuperblock?

    init(of path: String) {
        if let found = (try? BlockProbe.look(at: path)) ?? nil {
            type = found.type
            uuid = found.uuid
        }
        guard type.isEmpty || type == "bcachefs" || type == "btrfs",
            let start = try? Files.read(path, limit: MemberSuperblock.length)
        else { return }
        if type == "btrfs" {
            member = MemberSuperblock(btrfs: start)
        } else if let found = MemberSuperblock(bcachefs: start) {
            type = "bcachefs"
            uuid = found.uuid ?? uuid
            member = found
        }
    }

    /// Whether all the disks that carry this UUID belong together.
    var isShared: Bool {
        !uuid.isEmpty && (member.map { $0.count > 1 } ?? (type == "linux_raid_member"))
    }
}

/// A file system over several disks, as far as they are here.
struct MemberSet {
    let type: String
    let uuid: String
    /// The members that are here, in their own order, with the paths of their nodes.
    let paths: [String]
    /// How many there should be; `nil` where the members do not say it.
    let count: Int?

    /// Looks at all disks for those with that UUID; `nil` when there is none.
    init?(uuid: String) {
        let found = BlockDevices.worthProbing(BlockDevices.all()).compactMap {
            device -> (path: String, content: Content)? in
            let content = Content(of: device.path)
            return content.uuid.lowercased() == uuid.lowercased() ? (device.path, content) : nil
        }.sorted { ($0.content.member?.index ?? 0) < ($1.content.member?.index ?? 0) }
        guard let first = found.first else { return nil }
        type = first.content.type
        self.uuid = first.content.uuid
        paths = found.map(\.path)
        count = found.compactMap { $0.content.member?.count }.max()
    }

    var missing: Int { max(0, (count ?? paths.count) - paths.count) }

    /// How an export of it is called that was given no name.
    var name: String { "\(type)-\(uuid.prefix(8))" }
}
