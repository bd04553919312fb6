/// Where the parts of an export are in configfs, relative to its `target` directory.
package struct Layout: Sendable {
    /// `iscsi/IQN`
    package let target: String
    /// `iscsi/IQN/tpgt_1`: davit makes one group of portals a target.
    package let group: String
    /// `core/iblock_N`
    package let adapter: String
    private let name: ExportName

    package static let fabric = "iscsi"
    package static let discovery = "iscsi/discovery_auth"

    package init(name: ExportName, target: IQN, adapter: Int) {
        self.name = name
        self.target = Self.path(of: target.description)
        group = "\(self.target)/tpgt_1"
        self.adapter = Self.adapter(adapter)
    }

    package init(_ wanted: Wanted) {
        self.init(name: wanted.name, target: wanted.target, adapter: wanted.adapter)
    }

    /// The directory of a target, anybody's.
    package static func path(of target: String) -> String { "\(fabric)/\(target)" }

    package static func adapter(_ number: Int) -> String { "core/iblock_\(number)" }

    package func backstore(_ lun: Int) -> String { "\(adapter)/\(Self.prefix(name))\(lun)" }
    package func lun(_ lun: Int) -> String { "\(group)/lun/lun_\(lun)" }
    package func portal(_ portal: Portal) -> String { "\(group)/np/\(portal)" }
    package func list(_ initiator: IQN) -> String { "\(group)/acls/\(initiator)" }
    package func mapped(_ lun: Int, for initiator: IQN) -> String {
        "\(list(initiator))/lun_\(lun)"
    }

    /// The export that a backstore's directory belongs to, or `nil` when davit did not make it.
    package static func export(ofBackstore path: String) -> ExportName? {
        guard let last = path.split(separator: "/").last, last.hasPrefix("davit."),
            let dot = last.lastIndex(of: "."), Int(last[last.index(after: dot)...]) != nil,
            dot > last.index(last.startIndex, offsetBy: 5)
        else { return nil }
        let name = last[last.index(last.startIndex, offsetBy: 6)..<dot]
        return try? ExportName(String(name))
    }

    private static func prefix(_ name: ExportName) -> String { "davit.\(name)." }
}
