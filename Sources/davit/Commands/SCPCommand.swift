import Arguments
import FileTransfer
import LinuxKit

enum SCPCommand: Command {
    static let name = "scp"
    static let summary = "serves files to clients that speak scp's own protocol"
    static let isPublic = false
    static let help = """
        davit scp [-r] [-p] -t [-d] PATH
        davit scp [-r] [-p] -f PATH...

        What scp starts at the far side where it does not use SFTP: 'scp -O', OpenSSH before 9.0, and dropbear's.
        Relative paths begin in /, as those of commands do.

          -t  takes what comes, to PATH; with -d that must be a directory
          -f  gives files; PATH may be a pattern, such as /run/*.log
          -r  directories, too
          -p  with their times and permissions
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(apart(arguments))
        var options = SCPServer.Options()
        options.isRecursive = try reader.flag("-r")
        options.keepsAttributes = try reader.flag("-p")
        options.mustBeDirectory = try reader.flag("-d")
        let (takes, gives) = (try reader.flag("-t"), try reader.flag("-f"))
        // Wishes about words that this side does not say.
        _ = (try reader.flag("-v"), try reader.flag("-q"))
        let paths = try reader.operands()
        guard takes != gives else {
            throw UsageError("This is the far side of scp; on your own machine type 'scp'.")
        }
        guard let first = paths.first, gives || paths.count == 1 else {
            throw UsageError("-t takes one path, and -f at least one.")
        }
        let direction: SCPServer.Direction = takes ? .into(first) : .outOf(paths)
        let (complaint, failures) = try SCPServer.serve(direction, options)
        if let complaint {
            Output.error("davit: the client does not speak scp's protocol: it sent \(complaint).")
        }
        return failures == 0 ? .done : .failed
    }

    /// Letters that clients write together: libssh2 says `-pt`.
    private static func apart(_ arguments: [String]) -> [String] {
        let options = arguments.prefix { $0 != "--" }
        return options.flatMap { word in
            let letters = word.dropFirst()
            guard word.hasPrefix("-"), letters.allSatisfy({ "rpdtfvq".contains($0) }) else {
                return [word]
            }
            return letters.map { "-\($0)" }
        } + arguments.dropFirst(options.count)
    }
}
