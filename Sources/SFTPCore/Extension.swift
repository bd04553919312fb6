/// Requests beyond version 3. Source: OpenSSH PROTOCOL §4; draft-ietf-secsh-filexfer-extensions-00.
enum Extension: String, CaseIterable {
    case posixRename = "posix-rename@openssh.com"
    case fileSystem = "statvfs@openssh.com"
    case fileSystemOfOpen = "fstatvfs@openssh.com"
    case hardLink = "hardlink@openssh.com"
    case sync = "fsync@openssh.com"
    case changeLink = "lsetstat@openssh.com"
    case limits = "limits@openssh.com"
    case expandPath = "expand-path@openssh.com"
    case copyData = "copy-data"
    case homeDirectory = "home-directory"

    /// Name and version of each, for the client.
    static var advertised: [(name: String, version: String)] {
        allCases.map { ($0.rawValue, $0 == .fileSystem || $0 == .fileSystemOfOpen ? "2" : "1") }
    }
}
