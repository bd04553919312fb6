/// What is written to an attribute; a secret itself stays outside of the core.
package enum Value: Hashable, Sendable, CustomStringConvertible {
    case text(String)
    /// A CHAP secret of this machine.
    case secret(Secret)

    package var description: String {
        switch self {
        case .text(let text): text
        case .secret(.initiator): "(the secret)"
        case .secret(.target): "(the target's own secret)"
        }
    }
}
