import JSONKit
import LinuxKit

/// What `davit unlock --list` shows.
package struct UnlockList {
    private let entries: [(item: UnlockItem, json: JSON)]
    private let complaints: [String]

    package init(_ run: UnlockRun) {
        let inventory = Inventory(of: run.names, in: run.sources)
        complaints = inventory.complaints
        entries = inventory.items.map { ($0, StateFile.update($0)) }
    }

    /// An array of the objects in the state files (see `StateFile`), with a `remark` for people in each.
    package var json: JSON {
        .array(
            entries.map { entry in
                guard case .object(let members) = entry.json else { return entry.json }
                return .object(members + [.init("remark", .string(entry.item.remark))])
            })
    }

    /// One line for each device.
    package var text: String {
        guard !entries.isEmpty else {
            return "There is no LUKS device here, and no crypttab names one.\n"
                + complaints.map { $0 + "\n" }.joined()
        }
        let now = Clock.now
        let rows = entries.map { item, json in
            let since = Duration.milliseconds(json["since"]?.int ?? 0)
            return [
                item.name, item.word, "for " + (now - since).inWords, item.target.entry.source,
                item.remark,
            ]
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let padded = zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            let line = (padded + [row[4]]).joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }
        return lines.joined() + complaints.map { $0 + "\n" }.joined()
    }
}
