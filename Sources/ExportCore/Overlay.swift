/// What keeps the other host's writes off the disks: a snapshot over each, whose writes go into memory or into a file.
package struct Overlay: Equatable, Sendable {
    /// How much can be written to each disk, in bytes.
    package let room: UInt64
    /// Where the writes are kept; in memory when `nil`.
    package let file: String?

    package init(room: UInt64, file: String?) {
        self.room = room
        self.file = file
    }

    /// Reads a size such as `512M`, `2G` or a number of bytes, and rounds it up to whole MiB.
    /// - Throws: `Refusal.badSize`.
    package static func room(_ text: String) throws(Refusal) -> UInt64 {
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = text.last.flatMap { units[Character($0.uppercased())] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = UInt64(digits)
        else { throw .badSize(text) }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflows, (1 << 20...1 << 50).contains(bytes) else { throw .badSize(text) }
        return (bytes + (1 << 20) - 1) & ~((1 << 20) - 1)
    }

    /// The part of the store that belongs to a LUN, in bytes. The first MiB holds the label.
    package func range(of lun: Int) -> Range<UInt64> {
        let start = 1 << 20 + UInt64(clamping: lun - 1) * room
        return start..<(start + room)
    }

    /// As large as the store is for that many disks, in bytes.
    package func size(disks: Int) -> UInt64 { 1 << 20 + UInt64(clamping: disks) * room }

    // MARK: Names in the device mapper

    package static let uuidPrefix = "DAVIT-EXPORT-"

    package static func mapping(_ name: ExportName, _ lun: Int) -> String { "davit.\(name).\(lun)" }
    package static func uuid(_ name: ExportName, _ lun: Int) -> String {
        "\(uuidPrefix)\(name).\(lun)"
    }

    /// The export that a mapping of that UUID belongs to, or `nil` when it is none of these.
    package static func export(ofUUID uuid: String) -> ExportName? {
        guard uuid.hasPrefix(uuidPrefix), let dot = uuid.lastIndex(of: ".") else { return nil }
        return try? ExportName(String(uuid[..<dot].dropFirst(uuidPrefix.count)))
    }
}

/// The first bytes of a store: whose writes it holds, so that they never come over another disk.
///
/// Lines of text: `davit overlay 1`, `room BYTES`, and for each disk `disk LUN SERIAL SECTORS`.
package struct OverlayLabel: Equatable, Sendable {
    package struct Disk: Equatable, Sendable {
        package let lun: Int
        package let serial: String
        /// In units of 512 bytes.
        package let sectors: Int

        package init(lun: Int, serial: String, sectors: Int) {
            self.lun = lun
            self.serial = serial
            self.sectors = sectors
        }
    }

    /// As many bytes of a store are its label; zeros fill it.
    package static let length = 65536

    package let room: UInt64
    package var disks: [Disk] = []

    package init(room: UInt64) { self.room = room }

    /// `nil` when `bytes` are no label.
    package init?(_ bytes: [UInt8]) {
        var lines = bytes.prefix { $0 != 0 }.split(separator: UInt8(ascii: "\n"))
            .map { String(decoding: $0, as: UTF8.self).split(separator: " ").map(String.init) }[...]
        guard lines.popFirst() == ["davit", "overlay", "1"], let second = lines.popFirst(),
            second.count == 2, second[0] == "room", let room = UInt64(second[1])
        else { return nil }
        self.room = room
        for words in lines {
            guard words.count == 4, words[0] == "disk", let lun = Int(words[1]),
                let sectors = Int(words[3])
            else { return nil }
            disks.append(Disk(lun: lun, serial: words[2], sectors: sectors))
        }
    }

    package var bytes: [UInt8] {
        let text =
            "davit overlay 1\nroom \(room)\n"
            + disks.map { "disk \($0.lun) \($0.serial) \($0.sectors)\n" }.joined()
        return Array(text.utf8) + [UInt8](repeating: 0, count: Self.length - text.utf8.count)
    }

    /// Takes a disk in.
    /// - Throws: `Refusal.otherOverlay` when the store holds the writes of another one.
    package mutating func add(_ disk: Disk, room: UInt64, store: String) throws(Refusal) {
        guard room == self.room else {
            throw .otherOverlay(store, "it has room for \(self.room >> 20) MiB of each disk")
        }
        guard let known = disks.first(where: { $0.lun == disk.lun }) else {
            disks.append(disk)
            return
        }
        guard known == disk else {
            throw .otherOverlay(store, "its writes of LUN \(disk.lun) belong to another disk")
        }
    }
}

/// A number of bytes in words: `12.5 MiB`.
package func sizeInWords(_ bytes: UInt64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    var unit = 0
    var rest = bytes
    // Tenths are kept from the unit below.
    while rest >= 1 << 20, unit < units.count - 2 {
        rest >>= 10
        unit += 1
    }
    guard rest >= 1024 else { return "\(rest) \(units[unit])" }
    let tenths = rest * 10 / 1024
    return "\(tenths / 10).\(tenths % 10) \(units[unit + 1])"
}
