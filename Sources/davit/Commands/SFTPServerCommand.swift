import Arguments
import FileTransfer
import LinuxKit

enum SFTPServerCommand: Command {
    static let name = "sftp-server"
    static let summary = "serves files to sftp, scp and sshfs"
    static let isPublic = false
    static let help = """
        davit sftp-server [-R] [-d DIR] [-u MASK]

        SFTP version 3 on standard input and output. 'davit sshd' starts it when a client asks for the subsystem sftp,
        and for 'internal-sftp' with these options in a command= of authorized_keys. Relative paths begin in /, as
        those of commands do.

          -R        only reading
          -d DIR    where relative paths begin; no barrier
          -u MASK   permissions that new files do not get, in octal (022)
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        var options = FileServer.Options()
        options.isReadOnly = try reader.flag("-R")
        options.directory = try reader.value("-d")
        if let text = try reader.value("-u") {
            guard let mask = UInt32(text, radix: 8), mask <= 0o777 else {
                throw UsageError("-u \(text): give permission bits in octal, such as 077.")
            }
            options.creationMask = mask
        }
        // As OpenSSH's: what is logged, and where, is davit's own affair.
        _ = (try reader.flag("-e"), try reader.value("-f"), try reader.value("-l"))
        _ = try reader.operands(atMost: 0)
        guard let complaint = try FileServer.serve(options) else { return .done }
        Output.error("davit: the client does not speak SFTP: \(complaint).")
        return .failed
    }
}
