/// What a device says that carries no file system itself but a part of something below one.
package struct LayerMark: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case md, lvm, luks
    }

    package let kind: Kind
    /// Of the array, the volume group, or the LUKS device; as the tools write it.
    package let uuid: String
    /// The array's or group's name, or the label; may be empty.
    package var name = ""
    /// Its own place among the members; `nil` for a spare, and where there are none.
    package var place: String?
    /// The places of all members; empty where the device does not say.
    package var places: [String] = []
    /// How many members may be missing without loss.
    package var spareable = 0
    /// How often it was written to, for md.
    package var events: UInt64?

    init(_ kind: Kind, uuid: String) {
        self.kind = kind
        self.uuid = uuid
    }

    /// Reads what is on a device; `nil` where it is none of these.
    package init?(in image: DiskImage) {
        guard let mark = MDMark.read(image) ?? LVMMark.read(image) ?? Self.luks(image) else {
            return nil
        }
        self = mark
    }

    /// Whether both are members of one array or volume group; an encrypted device has no others.
    package func isPart(ofSameAs other: LayerMark) -> Bool {
        kind == other.kind && uuid == other.uuid && !uuid.isEmpty && kind != .luks
    }

    /// Source: cryptsetup, docs/on-disk-format-luks2.pdf, table 1, and on-disk-format.pdf, figure 1.
    private static func luks(_ image: DiskImage) -> LayerMark? {
        guard let header = image.read(0, 512), header.holds("LUKS", at: 0),
            header.be16(4) == 0xBABE
        else { return nil }
        var mark = LayerMark(.luks, uuid: header.text(168, 40))
        if header.be16(6) == 2 { mark.name = header.text(24, 48) }
        return mark
    }
}

/// The superblock of md. Source: Linux include/uapi/linux/raid/md_p.h.
enum MDMark {
    private static let magic: UInt32 = 0xA92B_4EFC

    static func read(_ image: DiskImage) -> LayerMark? {
        let sectors = image.size / 512
        // Version 1.2 at 4 KiB, 1.1 at the start, 1.0 at the end.
        for offset in [4096, 0, sectors >= 16 ? (sectors - 16) / 8 * 8 * 512 : 0] {
            guard let block = image.read(offset, 4096), block.le32(0) == magic,
                block.le32(4) == 1, block.le64(144) == offset / 512
            else { continue }
            return newer(block)
        }
        guard image.size >= 131_072,
            let block = image.read(image.size / 65536 * 65536 - 65536, 4096),
            block.le32(0) == magic, block.le32(4) == 0, block.le32(8) == 90
        else { return nil }
        return older(block)
    }

    private static func newer(_ block: DiskBytes) -> LayerMark {
        var mark = LayerMark(.md, uuid: uuid((0..<4).map { block.be32(16 + $0 * 4) }))
        mark.name = block.text(32, 32)
        mark.events = block.le64(200)
        let count = Int(min(block.le32(92), 384))
        mark.places = (0..<count).map(String.init)
        mark.spareable = spareable(Int32(bitPattern: block.le32(72)), count)
        let number = Int(min(block.le32(160), 1 << 16))
        let role = number < Int(min(block.le32(220), 1920)) ? block.le16(256 + number * 2) : 0xFFFF
        // 0xFFFF a spare, 0xFFFE a faulty one, 0xFFFD a journal.
        mark.place = role < 0xFFFD ? "\(role)" : nil
        return mark
    }

    private static func older(_ block: DiskBytes) -> LayerMark {
        let words = [5, 13, 14, 15].map { block.le32($0 * 4) }
        var mark = LayerMark(.md, uuid: uuid(words))
        let count = Int(min(block.le32(40), 27))
        mark.places = (0..<count).map(String.init)
        mark.spareable = spareable(Int32(bitPattern: block.le32(28)), count)
        mark.events = UInt64(block.le32(160)) << 32 | UInt64(block.le32(156))
        let role = block.le32(3980)
        mark.place = role < UInt32(count) ? "\(role)" : nil
        return mark
    }

    /// As mdadm writes it: `xxxxxxxx:xxxxxxxx:xxxxxxxx:xxxxxxxx`.
    private static func uuid(_ words: [UInt32]) -> String {
        words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        }.joined(separator: ":")
    }

    private static func spareable(_ level: Int32, _ count: Int) -> Int {
        switch level {
        case 1: max(0, count - 1)
        case 4, 5: 1
        case 6: 2
        case 10: 1
        default: 0
        }
    }
}

/// The label of an LVM physical volume, and the text of its group.
/// Source: LVM2 lib/format_text/layout.h and lib/label/label.h.
enum LVMMark {
    private static let mostText = 1 << 20

    static func read(_ image: DiskImage) -> LayerMark? {
        for sector in UInt64(0)..<4 {
            guard let label = image.read(sector * 512, 512), label.holds("LABELONE", at: 0),
                label.holds("LVM2 001", at: 24)
            else { continue }
            return describe(label, image)
        }
        return nil
    }

    private static func describe(_ label: DiskBytes, _ image: DiskImage) -> LayerMark {
        let start = Int(min(label.le32(20), 400))
        let own = label.text(start, 32)
        var mark = LayerMark(.lvm, uuid: "")
        mark.place = own
        // Lists of offset and size, each ended by zeros: data areas, then metadata areas.
        var at = start + 40
        var lists = 0
        while at + 16 <= label.count, lists < 2 {
            let offset = label.le64(at)
            if offset == 0 {
                lists += 1
            } else if lists == 1, let text = text(image, offset, label.le64(at + 8)) {
                return parse(text, into: mark)
            }
            at += 16
        }
        return mark
    }

    private static func text(_ image: DiskImage, _ area: UInt64, _ size: UInt64) -> String? {
        guard let header = image.read(area, 512), header.holds(" LVM2 x[5A%r0N*>", at: 4) else {
            return nil
        }
        let offset = header.le64(40)
        let length = header.le64(48)
        guard length > 0, length <= UInt64(mostText), offset >= 512, offset < size else {
            return nil
        }
        // The area is a ring: what does not fit goes on behind its header.
        let first = min(length, size - offset)
        guard let head = image.read(area &+ offset, Int(first)) else { return nil }
        guard first < length else { return String(decoding: head.bytes, as: UTF8.self) }
        guard let tail = image.read(area &+ 512, Int(length - first)) else { return nil }
        return String(decoding: head.bytes + tail.bytes, as: UTF8.self)
    }

    /// `NAME {`, its `id`, and the ids inside of `physical_volumes { pv0 { id = "…" … } … }`.
    private static func parse(_ text: String, into empty: LayerMark) -> LayerMark {
        var path: [Substring] = []
        var group = ""
        var name = ""
        var places: [String] = []
        for raw in text.split(separator: "\n") {
            let line = raw.drop { $0 == "\t" || $0 == " " }
            if line.hasSuffix("{") {
                let key = line.prefix { $0 != " " && $0 != "{" }
                if path.isEmpty { name = String(key) }
                path.append(key)
            } else if line.hasPrefix("}") {
                _ = path.popLast()
            } else if line.hasPrefix("id = \"") {
                let id = line.dropFirst(6).prefix { $0 != "\"" }
                if path.count == 1 { group = String(id) }
                if path.count == 3, path[1] == "physical_volumes" {
                    places.append(String(id.filter { $0 != "-" }))
                }
            }
        }
        var mark = LayerMark(.lvm, uuid: Line(group).text)
        mark.name = Line(name).text
        mark.place = empty.place
        mark.places = places
        return mark
    }
}
