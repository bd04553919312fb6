/// Why a story could not go on, in words for whoever reads a failed run.
package enum LabError: Error, Sendable, CustomStringConvertible {
    /// A program or right that the lab needs is missing.
    case missing(what: String, fix: String)
    /// A program failed; the text is the end of what it said.
    case failed(program: String, status: String, said: String)
    /// Something awaited did not happen; the text is the end of what was seen instead.
    case timedOut(waitingFor: String, seconds: Double, seen: String)
    /// A system call failed.
    case system(call: String, object: String, errno: Int32)
    /// A guest or a server answered something that the lab does not understand.
    case unexpected(String)

    package var description: String {
        switch self {
        case .missing(let what, let fix):
            "The lab needs \(what). \(fix)"
        case .failed(let program, let status, let said):
            "\(program) failed (\(status)). It said:\n\(said)"
        case .timedOut(let what, let seconds, let seen):
            "Waited \(seconds) s for \(what), in vain. Last seen:\n\(seen)"
        case .system(let call, let object, let code):
            "\(call) on \(object) failed: \(errorText(code))."
        case .unexpected(let text):
            text
        }
    }
}
