import Foundation
import Glibc
import JSONKit
import Testing

/// Disks that are late, and those that are not what they should be: none holds up the others.
@Suite struct WaitingTests {
    private static func plan(_ scene: Scene, _ arguments: String...) throws -> JSON {
        let outcome = try scene.run(
            arguments: ["export", "--dry-run", "--json", "--listen", "127.0.0.1:3261"] + arguments)
        return try JSON(parsing: outcome.output)
    }

    /// `LUN STATE DEVICE` of each disk, without directories.
    private static func disks(_ plan: JSON) -> [String] {
        (plan["disks"]?.array ?? []).map { disk in
            let device = disk["device"]?.string?.split(separator: "/").last ?? ""
            return "\(disk["lun"]?.int ?? 0) \(disk["state"]?.string ?? "") \(device)"
        }
    }

    @Test func `what is no disk is left out, and the rest goes on`() throws {
        let plan = try Self.plan(
            try Scene(), "--wait", "0", "/dev/null", "/nonexistent", "--name", "t")
        #expect(Self.disks(plan) == ["1 failed null", "2 waiting nonexistent"])
        #expect(
            plan["disks"]?.array?.first?["lastError"]?.string?.contains("is no block device")
                == true)
        // The steps are text for a shell, and the target is among them.
        #expect(
            plan["plan"]?.array?.contains { $0.string?.hasPrefix("mkdir iscsi/iqn.") == true }
                == true)
        let refused = try Scene().run("export", "/dev/null", "--listen", "127.0.0.1:3261")
        #expect(refused.code == 1)
        #expect(refused.output.contains("is no block device"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes device nodes"))
    func `of two paths to a disk the one that is exported stays`() throws {
        let scene = try Scene()
        var paths: [String] = []
        for name in ["one", "other"] {
            try scene.write("naa.5000\n", "sys/class/block/\(name)/wwid")
            _ = try scene.disk(name, minor: 200 + paths.count)
            try scene.link("sys/dev/block/7:\(200 + paths.count)", to: "../../class/block/\(name)")
            try scene.remove("dev/\(name)")
            paths.append(scene.path("dev/\(name)"))
            guard
                mknod(paths[paths.count - 1], S_IFBLK | 0o600, dev_t(7 << 8 + 199 + paths.count))
                    == 0
            else { return }
        }
        let plan = try Self.plan(scene, "--wait", "0", "--name", "t", paths[0], paths[1])
        #expect(Self.disks(plan).map { $0.split(separator: " ")[1] } == ["exported", "failed"])
        #expect(
            plan["disks"]?.array?.last?["lastError"]?.string?.contains("are the same disk") == true)
        // The second one had come first.
        try scene.write(
            """
            {"name": "t", "target": "iqn.2003-01.org.linux-iscsi.host.davit:t", "adapter": 0, "state": "waiting",
             "portals": ["127.0.0.1:3261"], "disks": [{"device": "\(paths[0])", "lun": 1, "state": "waiting"},
             {"device": "\(paths[1])", "lun": 2, "state": "exported", "path": "\(paths[1])",
              "serial": "0123456789abcdef0123456789abcdef"}]}
            """, "run/export/t.json")
        let later = try Self.plan(scene, "--wait", "0", "--name", "t", paths[0], paths[1])
        #expect(Self.disks(later).map { $0.split(separator: " ")[1] } == ["failed", "exported"])
    }

    @Test func `waiting outlives a kernel that hangs, and says so once`() throws {
        let scene = try Scene()
        let backstore = "core/iblock_0/davit.t.1"
        try scene.place(["\(backstore)/enable": "1\n"])
        try scene.hang("\(backstore)/info")
        let outcome = try scene.run(
            "export", "/dev/null", "--name", "other", "--wait", "5", "--listen", "127.0.0.1:3261")
        #expect(outcome.code == 99, "\(outcome.output)")
        #expect(
            outcome.output.components(separatedBy: "cannot be looked at").count == 2,
            "\(outcome.output)")
        #expect(outcome.output.contains("It is tried again."))
    }

    // MARK: Members of a file system

    private static let uuid = "0add6c09-79cf-4fc8-8073-6d26c900994b"

    /// The superblock of a member of a bcachefs over three disks.
    private static func member(_ number: UInt8) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8192)
        bytes.replaceSubrange(
            4120..<4136,
            with: [
                0xC6, 0x85, 0x73, 0xF6, 0x66, 0xCE, 0x90, 0xA9, 0xD9, 0x6A, 0x60, 0xCF, 0x80, 0x3D,
                0xF7, 0xEF,
            ])
        bytes.replaceSubrange(
            4152..<4168,
            with: [
                0x0A, 0xDD, 0x6C, 0x09, 0x79, 0xCF, 0x4F, 0xC8, 0x80, 0x73, 0x6D, 0x26, 0xC9, 0x00,
                0x99, 0x4B,
            ])
        bytes[4096 + 122] = number
        bytes[4096 + 123] = 3
        return bytes
    }

    @Test func `a member that comes later has its place`() throws {
        let scene = try Scene()
        let wait = ["--filesystem", Self.uuid, "--wait", "0"]
        func disks() throws -> [String] {
            Self.disks(try Self.plan(scene, wait[0], wait[1], wait[2], wait[3]))
        }
        #expect(try disks() == ["1 waiting a member of \(Self.uuid)"])
        // Named so that their order is not that of their names.
        _ = try scene.disk("z", minor: 0, holding: Self.member(0))
        _ = try scene.disk("a", minor: 2, holding: Self.member(2))
        // In this scene nothing is a block device; which disk has which LUN is what counts.
        #expect(
            try disks() == ["1 failed z", "2 waiting a member of \(Self.uuid)", "3 failed a"])
        _ = try scene.disk("m", minor: 1, holding: Self.member(1))
        #expect(try disks() == ["1 failed z", "2 failed m", "3 failed a"])
    }

    @Test func `without a member there is nothing to export, unless somebody waits`() throws {
        let scene = try Scene()
        let now = try scene.run(
            "export", "--filesystem", Self.uuid, "--dry-run", "--listen", "127.0.0.1:3261")
        #expect(now.code == 1)
        #expect(now.output.contains("No disk of this host carries the UUID \(Self.uuid)"))
        let plan = try Self.plan(scene, "--filesystem", Self.uuid, "--wait", "0")
        #expect(plan["name"]?.string == "members-0add6c09")
        #expect(plan["fileSystem"]?.string == Self.uuid)
    }
}
