import LinuxKit
import SFTPCore

extension Status {
    /// The kernel's reason as SFTP has it. Source: OpenSSH sftp-server.c, errno_to_portable.
    init(_ error: SystemError) {
        let code: Code =
            if ErrorNumber.missing.contains(error.code) {
                .noSuchFile
            } else if ErrorNumber.forbidden.contains(error.code) {
                .permissionDenied
            } else if ErrorNumber.malformed.contains(error.code) {
                .badMessage
            } else if ErrorNumber.unsupported.contains(error.code) {
                .unsupported
            } else {
                .failure
            }
        self.init(code, error.reason)
    }
}

extension Attributes {
    init(_ status: FileCalls.Status) {
        self.init(
            size: status.size, owner: Owner(user: status.owner, group: status.group),
            permissions: status.mode,
            times: Times(
                accessed: UInt32(clamping: status.accessed),
                modified: UInt32(clamping: status.modified)))
    }
}

extension FileSystemStatus {
    init(_ use: FileSystemUse) {
        self.init(
            blockSize: use.blockSize, fragmentSize: use.fragmentSize, blocks: use.blocks,
            free: use.free, available: use.available, files: use.files, freeFiles: use.freeFiles,
            availableFiles: use.availableFiles, identity: use.identity,
            isReadOnly: use.isReadOnly, ignoresSetUser: use.ignoresSetUser,
            longestName: use.longestName)
    }
}

extension FileCalls.OpenMode {
    init(_ flags: OpenFlags) {
        self.init()
        isWriting = !flags.isDisjoint(with: [.write, .append])
        isReading = flags.contains(.read) || !isWriting
        isAppending = flags.contains(.append)
        isCreating = flags.contains(.create)
        isTruncating = flags.contains(.truncate)
        isExclusive = flags.contains(.exclusive)
    }
}
