/// A volume group of LVM, as the text on each of its members describes it.
/// Source: lib/format_text/layout.h and lib/label/label.h of LVM2.
package struct VolumeGroup: Equatable, Sendable {
    package let name: String
    /// As `vgs -o vg_uuid` shows it.
    package let uuid: String
    /// The members' UUIDs without hyphens, in the group's own order.
    package let members: [String]

    /// Where on a member that text is.
    package struct Location: Equatable, Sendable {
        /// This member's own UUID without hyphens.
        package let member: String
        /// In bytes from the member's start, of the area's header and then of the area.
        package let header: UInt64
        package let size: UInt64

        /// Reads the label in one of the first four sectors, and behind it the list of areas.
        package init?(_ start: [UInt8]) {
            func little(_ offset: Int, _ length: Int) -> UInt64? {
                MemberSuperblock.little(start[...], offset, length)
            }
            let labels = [0, 512, 1024, 1536].filter {
                start.dropFirst($0).starts(with: "LABELONE".utf8)
                    && start.dropFirst($0 + 24).starts(with: "LVM2 001".utf8)
            }
            guard let label = labels.first, let offset = little(label + 20, 4), offset < 4096 else {
                return nil
            }
            let body = label + Int(offset)
            guard start.count >= body + 40 else { return nil }
            member = String(decoding: start[body..<(body + 32)], as: UTF8.self)
            // Two lists of offset and size, each ended by zeros: data, then descriptions.
            var place = body + 40
            for _ in 0..<64 {
                guard let area = little(place, 8) else { return nil }
                place += 16
                if area == 0 { break }
            }
            guard let area = little(place, 8), let length = little(place + 8, 8), area > 0 else {
                return nil
            }
            header = area
            size = length
        }

        /// Where the text is in its area, by the header of the area (512 bytes); lengths above 1 MiB are refused.
        package func text(_ bytes: [UInt8]) -> (offset: UInt64, length: Int)? {
            guard bytes.dropFirst(4).starts(with: " LVM2 x[5A%r0N*>".utf8),
                let offset = MemberSuperblock.little(bytes[...], 40, 8),
                let length = MemberSuperblock.little(bytes[...], 48, 8),
                offset < size, length > 0, length <= 1 << 20
            else { return nil }
            // The text may go on at the area's start; what is looked for stands at the text's start.
            let (place, overflows) = header.addingReportingOverflow(offset)
            guard !overflows else { return nil }
            return (place, Int(min(length, size - offset)))
        }
    }

    /// Reads `NAME { id = "…" … physical_volumes { pv0 { id = "…" … } … } … }`.
    package init?(_ text: [UInt8]) {
        var path: [String] = []
        var name = ""
        var uuid = ""
        var members: [String] = []
        let lines = text.split { $0 == UInt8(ascii: "\n") || $0 == 0 }
        for line in lines {
            let words = String(decoding: line, as: UTF8.self)
                .split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            if words.last == "{" {
                path.append(first)
                if path.count == 1 { name = first }
            } else if first == "}" {
                _ = path.popLast()
                // Behind it stand the volumes.
                if path.count == 1, !members.isEmpty { break }
            } else if first == "id", words.count == 3 {
                let id = words[2].filter { $0 != "\"" }
                if path.count == 1 { uuid = id }
                if path.count == 3, path[1] == "physical_volumes" {
                    members.append(id.filter { $0 != "-" })
                }
            }
        }
        guard !name.isEmpty, !uuid.isEmpty, !members.isEmpty else { return nil }
        self.name = name
        self.uuid = uuid
        self.members = members
    }
}
