/// What is written to an attribute; the secret itself stays outside of the core.
package enum Value: Hashable, Sendable, CustomStringConvertible {
    case text(String)
    /// The CHAP secret of this machine.
    case secret

    package var description: String {
        switch self {
        case .text(let text): text
        case .secret: "(the secret)"
        }
    }
}
