/// Lines that davit's own children print, whatever the file system.
package enum OwnLines {
    package static let counting = "counting what is reachable"
    package static let reading = "reading every file"

    /// `davit: counted 1234 entries`.
    package static func counted(_ entries: UInt64) -> String { "davit: counted \(entries) entries" }

    /// `davit: read 12 of 345 MiB`.
    package static func read(_ done: UInt64, of total: UInt64) -> String {
        "davit: read \(done >> 20) of \(total >> 20) MiB"
    }

    /// `davit: mounts NAME`, before the kernel is asked.
    package static func mounts(_ name: String) -> String { "davit: mounts \(name)" }

    static func read(_ line: Line) -> [Observation]? {
        var line = line
        guard line.skip("davit: ") else { return nil }
        if line.skip("counted ") {
            guard let entries = line.number() else { return [.remark] }
            return [.phase(counting), .amount(done: entries, total: nil, unit: "entries")]
        }
        if line.skip("read ") {
            guard let done = line.number(), line.skip(" of "), let total = line.number() else {
                return [.remark]
            }
            return [.phase(reading), .amount(done: done, total: total, unit: "MiB")]
        }
        return line.skip("mounts ") ? [.phase("mount")] : [.remark]
    }
}
