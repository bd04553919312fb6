import Foundation
import LinuxKit
import Testing

@Suite struct BlockNodeTests {
    @Test func `the devices of a machine are read from sysfs`() throws {
        let sys = NSTemporaryDirectory() + "/davit-sys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: sys) }
        for (file, text) in [
            ("sda/dev", "8:0\n"), ("sda/size", "2048\n"), ("sda/holders/dm-0", ""),
            ("dm-0/dev", "254:0\n"), ("dm-0/size", "100\n"), ("dm-0/dm/name", "root\n"),
            ("dm-0/dm/uuid", "CRYPT-LUKS2-ab-root\n"), ("dm-0/slaves/sda", ""),
            ("cciss!c0d0/dev", "104:0\n"), ("cciss!c0d0/size", "8\n"),
            ("ram0/dev", "1:0\n"), ("ram0/size", "8\n"), ("sr0/dev", "11:0\n"),
            ("sr0/size", "0\n"),
        ] {
            let url = URL(fileURLWithPath: sys + "/class/block/" + file)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: false, encoding: .utf8)
        }
        let nodes = BlockNode.all(sys: sys)
        #expect(
            nodes.map { $0.path }
                == ["/dev/cciss/c0d0", "/dev/dm-0", "/dev/ram0", "/dev/sda", "/dev/sr0"])
        #expect(nodes.filter(\.isWorthProbing).map { $0.name } == ["cciss!c0d0", "dm-0", "sda"])
        let mapping = try #require(nodes.first { $0.name == "dm-0" })
        #expect(mapping.number == "254:0" && mapping.sectors == 100)
        #expect(mapping.mapperName == "root" && mapping.mapperUUID == "CRYPT-LUKS2-ab-root")
        #expect(mapping.slaves == ["sda"])
        let disk = try #require(nodes.first { $0.name == "sda" })
        #expect(disk.holders == ["dm-0"] && disk.mapperName == nil)
    }

    @Test func `what is no block device has no node`() {
        #expect(BlockNode(at: "/dev/null") == nil)
        #expect(BlockNode(at: "/no/such") == nil)
        #expect(BlockNode(name: "no-such") == nil)
    }
}
