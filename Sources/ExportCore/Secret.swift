/// The CHAP secrets of this machine: one for each direction, for whoever has been shown the one must not be able to answer
/// with it.
///
/// Source: RFC 7143 §9.2.1. 24 bytes are within what it demands (12 and more), and what the kernel and open-iscsi take
/// (up to 255).
package enum Secret: String, CaseIterable, Sendable {
    /// By which the newer host proves itself.
    case initiator
    /// By which the target proves itself, to an initiator that asks.
    case target

    package static let length = 24

    /// The attribute of an `auth` directory, or of `discovery_auth`, that holds it.
    package var attribute: String {
        switch self {
        case .initiator: "password"
        case .target: "password_mutual"
        }
    }

    /// The attribute beside it that holds the name that goes with it.
    package var user: String {
        switch self {
        case .initiator: "userid"
        case .target: "userid_mutual"
        }
    }

    /// That name. The target's has six letters, or four more: the kernel leaves old bytes behind an answer whose length is
    /// no multiple of four, and libiscsi reads them (1.19).
    package var name: String {
        switch self {
        case .initiator: "davit"
        case .target: "target"
        }
    }

    package var other: Secret {
        switch self {
        case .initiator: .target
        case .target: .initiator
        }
    }
}
