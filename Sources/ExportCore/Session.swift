/// An initiator that is logged in.
package struct Session: Hashable, Sendable {
    package let initiator: String
    /// The kernel tells it for listed initiators only.
    package let address: String?

    package init(initiator: String, address: String?) {
        self.initiator = initiator
        self.address = address
    }

    /// Reads `acls/INITIATOR/info`; `nil` when nobody is logged in.
    /// Source: drivers/target/iscsi/iscsi_target_configfs.c, lio_target_nacl_info_show.
    package init?(info text: String) {
        guard !text.hasPrefix("No active iSCSI Session"),
            let name = Self.field("InitiatorName", text)
        else { return nil }
        initiator = name
        // `Address 192.0.2.9 TCP  StatSN: …`
        address =
            text.split(whereSeparator: \.isNewline)
            .compactMap { line -> String? in
                let words = line.split(whereSeparator: \.isWhitespace)
                guard words.count >= 2, words[0] == "Address" else { return nil }
                return String(words[1])
            }.first
    }

    /// Reads `dynamic_sessions`: names, each with a line end and a NUL.
    package static func dynamic(_ text: String) -> [Session] {
        text.split { $0.isNewline || $0 == "\0" }.map {
            Session(initiator: String($0), address: nil)
        }
    }

    private static func field(_ name: String, _ text: String) -> String? {
        guard let start = text.range(ofLast: name + ":") else { return nil }
        let value = text[start.upperBound...].drop { $0 == " " }
            .prefix { !$0.isWhitespace && $0 != "\0" }
        return value.isEmpty ? nil : String(value)
    }
}

extension Observed {
    /// Who is logged in to a target.
    package func sessions(of target: String) -> [Session] {
        groups(of: target).flatMap { group in
            children(of: group + "/acls").compactMap {
                Session(info: attributes["\($0)/info"] ?? "No active iSCSI Session")
            } + Session.dynamic(attributes["\(group)/dynamic_sessions"] ?? "")
        }
    }
}
