import Testing

@testable import RepairCore

/// Arrays, volume groups and encrypted devices as the kernel and their own headers show them.
struct LayerTests {
    // Source: the lines that Linux drivers/md/md.c writes (md_seq_show, status_resync).
    private static let mdstat = """
        Personalities : [raid1] [raid6] [raid5] [raid4]
        md1 : active raid5 sdd1[3] sdc1[1] sdb1[0](F)
              292945152 blocks super 1.2 level 5, 64k chunk, algorithm 2 [3/2] [_UU]
              [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
              bitmap: 1/2 pages [4KB], 65536KB chunk

        md0 : active (auto-read-only) raid1 vdb[1] vda[0]
              1047552 blocks super 1.2 [2/2] [UU]
              	resync=PENDING

        md127 : inactive vdc[0](S)
              1047552 blocks super 1.2

        unused devices: <none>
        """

    @Test func mdstat() throws {
        let arrays = MDStat.arrays(Self.mdstat)
        try #require(arrays.map(\.name) == ["md1", "md0", "md127"])
        let (five, one, asleep) = (arrays[0], arrays[1], arrays[2])
        #expect(five.level == "raid5" && five.isActive && five.isDegraded)
        #expect(five.members.map(\.name) == ["sdd1", "sdc1", "sdb1"])
        #expect(five.members.map(\.isFaulty) == [false, false, true])
        #expect(
            five.activity
                == .runs(
                    kind: "recovery", done: 37_043_392, total: 292_945_152, minutesLeft: 127,
                    speed: 33440))
        #expect(
            five.words
                == "md1 (raid5): active, 2 of 3 members work; recovery 12.6 % (37043392 of 292945152 KiB) at 33440 KiB/s, about 127 min left"
        )
        #expect(one.isReadOnly && !one.isDegraded)
        #expect(one.activity == .waits(kind: "resync", for: "PENDING"))
        #expect(!asleep.isActive && asleep.level.isEmpty && asleep.members.first?.isSpare == true)
    }

    @Test func mdstatCutAnywhere() {
        let bytes = Array(Self.mdstat.utf8)
        for end in bytes.indices {
            _ = MDStat.arrays(String(decoding: bytes[..<end], as: UTF8.self))
        }
        #expect(MDStat.arrays("md0 : active raid1\n  resync = 5.0% (9/0) finish=").count == 1)
    }

    /// A superblock of version 1.2; fields as in struct mdp_superblock_1.
    private func array(member: UInt8, of count: UInt8 = 2, events: UInt8 = 9) -> DiskImage {
        var bytes = [UInt8](repeating: 0, count: 65536)
        func put(_ field: [UInt8], at offset: Int) {
            bytes.replaceSubrange((4096 + offset)..<(4096 + offset + field.count), with: field)
        }
        put([0xFC, 0x4E, 0x2B, 0xA9], at: 0)  // magic
        put([1], at: 4)  // major_version
        put(Array(repeating: 0x11, count: 16), at: 16)  // set_uuid
        put(Array("host:data".utf8), at: 32)  // set_name
        put([1], at: 72)  // level
        put([count], at: 92)  // raid_disks
        put([8], at: 144)  // super_offset in sectors
        put([member], at: 160)  // dev_number
        put([events], at: 200)  // events
        put([4], at: 220)  // max_dev
        put([0, 0, 1, 0, 2, 0, 0xFF, 0xFF], at: 256)  // dev_roles
        return DiskImage(bytes)
    }

    private func device(_ path: String, _ image: DiskImage, type: String) -> LookedAt {
        var device = LookedAt(path: path)
        device.mark = LayerMark(in: image)
        device.otherTypes = [type]
        return device
    }

    private func layer(_ devices: [LookedAt]) throws -> Layer {
        let found = Finding.all(from: devices)
        guard found.count == 1, case .layer(let layer) = found[0] else {
            throw Unexpected(findings: found)
        }
        return layer
    }

    private struct Unexpected: Error { let findings: [Finding] }

    @Test func arrayWithAllMembers() throws {
        let layer = try layer([
            device("/dev/sdb", array(member: 1), type: "linux_raid_member"),
            device("/dev/sda", array(member: 0), type: "linux_raid_member"),
        ])
        #expect(layer.missing.isEmpty)
        #expect(
            layer.opening(allowMissing: false)
                == .run(
                    Invocation(
                        "mdadm",
                        ["--assemble", "/dev/md/data", "/dev/sda", "/dev/sdb"]),
                    package: "mdadm"))
        #expect(layer.words.contains("so that no resync begins before the first write"))
    }

    @Test func arrayWithAMemberMissingIsLeftAlone() throws {
        let layer = try layer([device("/dev/sda", array(member: 0), type: "linux_raid_member")])
        #expect(layer.missing == ["member 1"])
        guard case .nothing(let why) = layer.opening(allowMissing: false) else {
            Issue.record("it would be assembled")
            return
        }
        #expect(why.contains("missing: member 1"))
        #expect(layer.words.contains("It is left alone until they are here"))
        guard case .run(let invocation, _) = layer.opening(allowMissing: true) else {
            Issue.record("told to, it would not be assembled")
            return
        }
        #expect(invocation.arguments.contains("--run"))
    }

    @Test func spareIsNoMember() throws {
        let layer = try layer([
            device("/dev/sda", array(member: 0), type: "linux_raid_member"),
            device("/dev/sdb", array(member: 3), type: "linux_raid_member"),
        ])
        #expect(layer.missing == ["member 1"])
    }

    @Test func staleMemberIsNamed() throws {
        let layer = try layer([
            device("/dev/sda", array(member: 0), type: "linux_raid_member"),
            device("/dev/sdb", array(member: 1, events: 3), type: "linux_raid_member"),
        ])
        #expect(layer.words.contains("/dev/sdb is older (3 of 9 events)"))
    }

    /// A label, a metadata area of one text, as lib/format_text/layout.h has them.
    private func volume(_ id: String) -> DiskImage {
        var bytes = [UInt8](repeating: 0, count: 65536)
        func put(_ field: [UInt8], at offset: Int) {
            bytes.replaceSubrange(offset..<(offset + field.count), with: field)
        }
        put(Array("LABELONE".utf8), at: 512)
        put([32], at: 512 + 20)  // where the header of the volume begins
        put(Array("LVM2 001".utf8), at: 512 + 24)
        put(Array(id.utf8), at: 544)  // the volume's UUID
        put([0, 0, 16], at: 544 + 40)  // a data area at 1 MiB, and the end of their list
        put([0, 16], at: 544 + 72)  // a metadata area at 4096 …
        put([0, 128], at: 544 + 80)  // … of 32 KiB
        put(Array(" LVM2 x[5A%r0N*>".utf8), at: 4096 + 4)
        let text = """
            storage {
            id = "vg0000-0000-0000-0000-0000-0000-000000"
            physical_volumes {
            pv0 {
            id = "aaaaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa"
            }
            pv1 {
            id = "bbbbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbbbb"
            }
            }
            logical_volumes {
            root {
            id = "cccccc-cccc-cccc-cccc-cccc-cccc-cccccc"
            }
            }
            }
            """
        // At the end of the ring, so that the rest lies behind the header.
        let offset = 32768 - 100
        put([UInt8(offset & 255), UInt8(offset >> 8)], at: 4096 + 40)
        put([UInt8(text.utf8.count & 255), UInt8(text.utf8.count >> 8)], at: 4096 + 48)
        put(Array(text.utf8.prefix(100)), at: 4096 + offset)
        put(Array(text.utf8.dropFirst(100)), at: 4096 + 512)
        return DiskImage(bytes)
    }

    @Test func volumeGroup() throws {
        let first = device(
            "/dev/sda", volume(String(repeating: "a", count: 32)), type: "LVM2_member")
        let alone = try layer([first])
        #expect(alone.name == "storage")
        #expect(alone.missing == ["the physical volume " + String(repeating: "b", count: 32)])
        let whole = try layer([
            first,
            device("/dev/sdb", volume(String(repeating: "b", count: 32)), type: "LVM2_member"),
        ])
        #expect(
            whole.opening(allowMissing: false)
                == .run(
                    Invocation(
                        "lvm",
                        [
                            "vgchange", "--activate", "y", "--activationmode", "complete", "--yes",
                            "storage",
                        ]), package: "lvm2"))
    }

    @Test func encryptedDevice() throws {
        var bytes = [UInt8](repeating: 0, count: 4096)
        bytes.replaceSubrange(0..<8, with: Array("LUKS".utf8) + [0xBA, 0xBE, 0, 2])
        bytes.replaceSubrange(168..<172, with: Array("da71".utf8))
        let layer = try layer([device("/dev/sda", DiskImage(bytes), type: "crypto_LUKS")])
        #expect(layer.opening(allowMissing: false) == .unlock)
        #expect(layer.words == "/dev/sda is encrypted (LUKS da71). Open it: davit unlock.")
    }

    @Test func openAlready() throws {
        var open = device("/dev/sda", array(member: 0), type: "linux_raid_member")
        open.holders = ["/dev/md0"]
        let layer = try layer([open])
        #expect(layer.opening(allowMissing: true) == .nothing(why: "it is open as /dev/md0"))
        #expect(layer.words.hasSuffix("It is open as /dev/md0: look there."))
    }

    /// An array that is at something of its own makes whoever works on it slow.
    @Test(
        arguments: [
            (
                "      [=>...]  resync = 34.0% (340/1000) finish=12.5min speed=100K/sec",
                "md0 below is at its own resync (34 %, about 12 min left), which takes much of its disks' time"
            ),
            ("      resync=PENDING", nil), ("      bitmap: 0/1 pages", nil),
        ] as [(String, String?)])
    func burdens(line: String, words: String?) {
        let text = "md0 : active raid1 vdb[1] vda[0]\n      1000 blocks [2/2] [UU]\n\(line)\n"
        #expect(MDStat.arrays(text).first?.burden == words)
    }
}
