/// Lines that davit's own children print, whatever the file system.
package enum OwnLines {
    package static let counting = "counting what is reachable"

    /// `davit: counted 1234 entries`.
    package static func counted(_ entries: UInt64) -> String { "davit: counted \(entries) entries" }

    /// `davit: mounts NAME`, before the kernel is asked.
    package static func mounts(_ name: String) -> String { "davit: mounts \(name)" }

    static func read(_ line: Line) -> [Observation]? {
        var line = line
        guard line.skip("davit: ") else { return nil }
        if line.skip("counted ") {
            guard let entries = line.number() else { return [.remark] }
            return [.phase(counting), .amount(done: entries, total: nil, unit: "entries")]
        }
        return line.skip("mounts ") ? [.phase("mount")] : [.remark]
    }
}
