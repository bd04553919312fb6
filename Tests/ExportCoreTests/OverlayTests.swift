import Testing

@testable import ExportCore

struct OverlayTests {
    @Test(
        arguments: [
            ("1M", 1 << 20), ("512m", 512 << 20), ("4G", 4 << 30), ("1T", 1 << 40),
            ("1024K", 1 << 20), ("1024T", 1 << 50),
            ("1048577", 2 << 20), ("1025K", 2 << 20),
        ] as [(String, UInt64)])
    func sizes(text: String, bytes: UInt64) throws {
        #expect(try Overlay.room(text) == bytes)
    }

    @Test(arguments: [
        "", "M", "-1M", "1.5G", "0", "1023K", "1X", "99999999999999999999", "9999999T", "1025T",
    ])
    func badSizes(text: String) {
        #expect(throws: Refusal.badSize(text)) { try Overlay.room(text) }
    }

    /// The label has the first MiB, and no disk's writes can come over another's.
    @Test func ranges() {
        let overlay = Overlay(room: 8 << 20, file: nil)
        #expect(overlay.range(of: 1) == (1 << 20)..<(9 << 20))
        #expect(overlay.range(of: 2).lowerBound == overlay.range(of: 1).upperBound)
        #expect(overlay.range(of: 3).upperBound == overlay.size(disks: 3))
    }

    @Test func names() throws {
        let name = try ExportName("my-disks")
        #expect(Overlay.mapping(name, 12) == "davit.my-disks.12")
        #expect(Overlay.export(ofUUID: Overlay.uuid(name, 12)) == name)
        for uuid in ["", "LVM-abc.1", "DAVIT-EXPORT-", "DAVIT-EXPORT-Bad.1"] {
            #expect(Overlay.export(ofUUID: uuid) == nil)
        }
    }

    @Test func labelComesBack() throws {
        var label = OverlayLabel(room: 1 << 20)
        try label.add(.init(lun: 1, serial: "ab", sectors: 2048), room: 1 << 20, store: "/f")
        try label.add(.init(lun: 255, serial: "cd", sectors: 4096), room: 1 << 20, store: "/f")
        #expect(label.bytes.count == 65536)
        #expect(OverlayLabel.length == 65536, "a store that davit made before is read")
        #expect(OverlayLabel(label.bytes) == label)
        // Again, it is the same disk.
        try label.add(.init(lun: 1, serial: "ab", sectors: 2048), room: 1 << 20, store: "/f")
        #expect(label.disks.count == 2)
    }

    @Test func labelOfOthers() throws {
        var label = OverlayLabel(room: 1 << 20)
        try label.add(.init(lun: 1, serial: "ab", sectors: 2048), room: 1 << 20, store: "/f")
        #expect(throws: Refusal.otherOverlay("/f", "its writes of LUN 1 belong to another disk")) {
            try label.add(.init(lun: 1, serial: "xy", sectors: 2048), room: 1 << 20, store: "/f")
        }
        #expect(throws: Refusal.otherOverlay("/f", "it has room for 1 MiB of each disk")) {
            try label.add(.init(lun: 2, serial: "xy", sectors: 1), room: 2 << 20, store: "/f")
        }
    }

    @Test(arguments: [
        "", "davit overlay 2\nroom 5\n", "davit overlay 1\n", "davit overlay 1\nroom x\n",
        "davit overlay 1\nroom 5\ndisk 1 ab\n", "davit overlay 1\nroom 5\ndisk x ab 1\n",
    ])
    func noLabel(text: String) { #expect(OverlayLabel(Array(text.utf8)) == nil) }

    @Test(
        arguments: [
            (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (2 << 20, "2.0 MiB"),
            (12_900_000, "12.3 MiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5.0 TiB"),
            (1 << 50, "1024.0 TiB"), (.max, "16777215.9 TiB"),
        ] as [(UInt64, String)])
    func words(bytes: UInt64, text: String) { #expect(sizeInWords(bytes) == text) }
}
