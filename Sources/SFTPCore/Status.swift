/// How a request ended, as the client is told. Source: draft-ietf-secsh-filexfer-02 §7.
package struct Status: Error, Sendable, Equatable {
    package enum Code: UInt32, Sendable {
        case ok = 0
        case endOfFile = 1
        case noSuchFile = 2
        case permissionDenied = 3
        case failure = 4
        case badMessage = 5
        case unsupported = 8
    }

    package let code: Code
    /// What a client may show; OpenSSH's shows its own word for the code instead.
    package let words: String

    package init(_ code: Code, _ words: String) {
        self.code = code
        self.words = words
    }

    package static let done = Status(.ok, "")
    package static let endOfFile = Status(.endOfFile, "End of file")
    static let malformed = Status(.badMessage, "The request is malformed.")
    static let badHandle = Status(.failure, "There is no such handle.")
    static let readOnly = Status(.permissionDenied, "Only reading is allowed here.")
}
