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

    /// Where the kernel has a serial number: in the page of a SCSI disk, at the device itself, some steps above it.
    @Test(
        arguments: [
            ("pci0/host0/target0:0:0/0:0:0:0", "vpd_pg80", "\0\u{80}\0$  WD-1 2 ", "WD-1_2"),
            ("pci0/virtio1", "block/disk/serial", "vault-7\n", "vault-7"),
            ("pci0/usb1/1-2", "serial", "0123AB\n", "0123AB"),
            ("pci0/virtio1", "block/disk/serial", "\n", nil),
        ] as [(String, String, String, String?)])
    func `a drive's serial number is the kernel's`(
        place: String, file: String, text: String, serial: String?
    ) throws {
        let sys = NSTemporaryDirectory() + "/davit-sys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: sys) }
        let device = "\(sys)/devices/\(place)"
        let partition = "\(device)/1-2:1.0/block/disk/disk1"
        let files = [
            (partition + "/dev", Data("8:1\n".utf8)),
            ("\(device)/\(file)", Data(text.unicodeScalars.map { UInt8($0.value) })),
        ]
        for (file, content) in files {
            let url = URL(fileURLWithPath: file)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: url)
        }
        if file.hasPrefix("block/") {
            // A disk of virtio has nothing between it and its device.
            try FileManager.default.moveItem(
                atPath: partition, toPath: "\(device)/block/disk/disk1")
        }
        try FileManager.default.createDirectory(
            atPath: sys + "/class/block", withIntermediateDirectories: true)
        let real = file.hasPrefix("block/") ? "\(device)/block/disk/disk1" : partition
        try FileManager.default.createSymbolicLink(
            atPath: sys + "/class/block/disk1", withDestinationPath: real)
        let node = try #require(BlockNode(name: "disk1", sys: sys))
        #expect(node.serialNumber(run: sys) == serial)
        try FileManager.default.createDirectory(
            atPath: sys + "/udev/data", withIntermediateDirectories: true)
        try "S:disk/by-id/x\nE:ID_SERIAL=X_Y\nE:ID_SERIAL_SHORT=Y 7\n".write(
            toFile: sys + "/udev/data/b8:1", atomically: false, encoding: .utf8)
        #expect(node.serialNumber(run: sys) == "Y 7")
    }
}
