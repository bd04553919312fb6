import CSSH

/// The linked libssh.
package enum SSHLibrary {
    /// Name and version of what is linked, for `davit version`.
    package static var versions: [(name: String, version: String)] {
        let linked = ssh_version(0).map { String(cString: $0) } ?? "unknown"
        return [("libssh", linked)]
    }

    /// Readies the library; a static program must ask for it, because nothing runs its constructor.
    /// - Throws: `.library` when its random generator or its tables cannot be set up.
    package static func start() throws(SSHError) {
        guard ssh_version(davit_ssh_version_needed) != nil else {
            throw .library("The linked libssh is older than what this program was compiled for.")
        }
        guard ssh_init() == SSH_OK else { throw .library("libssh cannot start.") }
        // Its log can hold packets. What people need to know is recorded by davit itself.
        ssh_set_log_level(CInt(SSH_LOG_NOLOG))
    }
}
