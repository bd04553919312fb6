import Foundation
import ModuleKit
import Testing

@testable import Boot

@Suite struct RootFileSystemTests {
    private static let filesystems = "nodev\tsysfs\nnodev\ttmpfs\n\text4\n\tvfat\n"

    @Test(arguments: [
        ("ext4", true), ("ext3", true), ("vfat", true), ("xfs", true), ("bcachefs", false),
        ("fs", false), ("ntfs", false),
    ])
    func aDriverOrAModuleServes(type: String, isKnown: Bool) {
        let modules = ModuleTree(files: ["/lib/modules/6.1/kernel/fs/ext4/ext4.ko", "/x/xfs.ko.xz"])
        #expect(
            RootFileSystem.isKnown(type, filesystems: Self.filesystems, modules: modules) == isKnown
        )
    }

    /// The image is of a version that libblkid 2.38 does not know.
    @Test func aMemberOfABcachefsIsRecognised() throws {
        let packed = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/images/bcachefs-1.13-unclean-1.img.xz")
        let image = NSTemporaryDirectory() + "davit-root-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: image) }
        let unpack = Process()
        unpack.executableURL = URL(fileURLWithPath: "/bin/sh")
        unpack.arguments = ["-c", "xz -dc \"$0\" >\"$1\"", packed.path, image]
        try unpack.run()
        unpack.waitUntilExit()
        let found = try #require(RootFileSystem.content(of: image))
        #expect(found.type == "bcachefs")
        #expect(found.uuid.utf8.count == 36)
        #expect(RootFileSystem.content(of: "/dev/null") == nil)
    }

    @Test func theObstacleSaysWhatToType() throws {
        let uuid = "4b3b5e1c-0000-4000-8000-000000000001"
        let root = RootFileSystem(
            device: "/dev/mapper/bch0", type: "bcachefs", uuid: uuid, isKnown: false)
        let words = try #require(root.obstacle)
        #expect(words.hasPrefix("/dev/mapper/bch0 holds bcachefs, for which this kernel ("))
        #expect(words.hasSuffix("newer kernel: davit export --filesystem \(uuid)"))
        let nameless = RootFileSystem(
            device: "/dev/sda1", type: "cramfs", uuid: "", isKnown: false)
        #expect(nameless.obstacle?.hasSuffix("davit export /dev/sda1") == true)
        let known = RootFileSystem(device: "/dev/sda1", type: "ext4", uuid: uuid, isKnown: true)
        #expect(known.obstacle == nil)
    }
}
