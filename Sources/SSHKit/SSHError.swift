import CSSH

/// What libssh could not do.
package enum SSHError: Error, Equatable, CustomStringConvertible {
    /// The library itself cannot be used.
    case library(String)
    /// A private key that cannot be read, made or written out.
    case key(String)
    /// The connection ended or cannot go on.
    case session(String)

    package var description: String {
        switch self {
        case .library(let words), .key(let words), .session(let words): words
        }
    }

    /// libssh's own words for the last failure of a session or bind.
    static func reason(_ object: OpaquePointer) -> String {
        let words = ssh_get_error(UnsafeMutableRawPointer(object)).map { String(cString: $0) } ?? ""
        return words.isEmpty ? "no reason given" : words
    }
}
