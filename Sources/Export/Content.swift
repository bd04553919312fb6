import BlkidKit
import ExportCore
import JSONKit
import LinuxKit

/// What is on a disk, and which others belong to it.
struct Content: Equatable {
    /// libblkid's type; empty when nothing is recognised.
    var type = ""
    /// Of the whole that it is a part of, where it is one.
    var uuid = ""
    /// The name of a volume group; empty otherwise.
    var name = ""
    /// How many members the whole has, and which of them this is; 0 members where nobody says it.
    var memberCount = 0
    var memberIndex = 0

    init() {}

    /// Reads the disk, which takes as long as the disk does: for the worker.
    init(of path: String) {
        if let found = (try? BlockProbe.look(at: path)) ?? nil {
            type = found.type
            uuid = found.uuid
        }
        guard ["", "bcachefs", "btrfs", "linux_raid_member", "LVM2_member"].contains(type),
            let file = try? FileDescriptor(readingWithoutWaiting: path),
            let member = Self.member(type, file)
        else { return }
        if type.isEmpty { type = "bcachefs" }
        uuid = member.uuid ?? uuid
        name = member.name ?? ""
        memberCount = member.count
        memberIndex = member.index
    }

    private static func member(
        _ type: String, _ file: borrowing FileDescriptor
    ) -> MemberSuperblock? {
        let length = file.length() ?? 0
        // What lies beyond the end of a small image is zeros to all that read it here.
        func read(_ count: Int, at offset: UInt64) -> [UInt8] {
            let left = length > offset ? length - offset : 0
            return (try? file.read(min(count, Int(clamping: left)), at: offset)) ?? []
        }
        let start = read(MemberSuperblock.length, at: 0)
        switch type {
        case "btrfs": return MemberSuperblock(btrfs: start)
        case "linux_raid_member":
            let ofOne = length >= 16384 ? (length / 512 - 16) / 8 * 4096 : 0
            let ofOld = length >= 131072 ? length / 65536 * 65536 - 65536 : 0
            return MemberSuperblock(md: start.dropFirst(4096)) ?? MemberSuperblock(md: start[...])
                ?? MemberSuperblock(md: read(4096, at: ofOne)[...])
                ?? MemberSuperblock(oldMD: read(4096, at: ofOld)[...])
        case "LVM2_member":
            guard let place = VolumeGroup.Location(start),
                let text = place.text(read(512, at: place.header)),
                let group = VolumeGroup(read(text.length, at: text.offset))
            else { return nil }
            return MemberSuperblock(group, member: place.member)
        default: return MemberSuperblock(bcachefs: start)
        }
    }

    /// Whether all the disks that carry this UUID belong together.
    var isShared: Bool { !uuid.isEmpty && memberCount > 1 }

    // MARK: Between the worker and who asks it

    var json: JSON {
        [
            "type": .string(type), "uuid": .string(uuid), "name": .string(name),
            "count": JSON(memberCount), "index": JSON(memberIndex),
        ]
    }

    init(_ json: JSON) {
        type = json["type"]?.string ?? ""
        uuid = json["uuid"]?.string ?? ""
        name = json["name"]?.string ?? ""
        memberCount = json["count"]?.int ?? 0
        memberIndex = json["index"]?.int ?? 0
    }
}

extension KernelWorker {
    /// What is on a disk; `nil` for one that does not answer in time.
    func content(of path: String, within patience: Duration) throws(SystemError) -> Content? {
        try ask(["do": "content", "path": .string(path)], until: Clock.now + patience)
            .map { Content($0) }
    }
}

/// A file system, array or volume group over several disks, as far as they are here.
struct MemberSet {
    let type: String
    let uuid: String
    /// The members that are here, in their own order, with the paths of their nodes.
    let paths: [String]
    /// What the whole calls each of them.
    let numbers: [Int]
    /// How many there should be; 0 where the members do not say it.
    let count: Int

    /// As long as a disk may take; one that is dying is passed over.
    private static let patience = Duration.seconds(5)

    /// Looks at all disks for those with that UUID, or of the volume group of that name; `nil` when there is none.
    init?(_ wanted: String, _ worker: KernelWorker) throws(SystemError) {
        var found: [(path: String, content: Content)] = []
        for device in BlockNode.all()
        where device.isWorthProbing
            && device.mapperUUID?.hasPrefix(Overlay.uuidPrefix) != true
        {
            guard let content = try worker.content(of: device.path, within: Self.patience) else {
                continue
            }
            let isNamed = !content.name.isEmpty && content.name == wanted
            guard isNamed || content.uuid.lowercased() == wanted.lowercased() else { continue }
            found.append((device.path, content))
        }
        found.sort { $0.content.memberIndex < $1.content.memberIndex }
        guard let first = found.first else { return nil }
        type = first.content.type
        uuid = first.content.uuid
        paths = found.map(\.path)
        numbers = found.map(\.content.memberIndex)
        count = found.map(\.content.memberCount).max() ?? 0
    }

    /// What it calls its first member.
    var firstNumber: Int { type == "btrfs" ? 1 : 0 }

    var missing: Int { max(0, count - paths.count) }

    /// How an export of it is called that was given no name.
    var name: String { "\(type)-\(uuid.prefix(8))" }
}
