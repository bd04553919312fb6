import LinuxKit
import SCPCore

/// `davit scp`: the far end of scp's own protocol on standard input and output, for clients that do not speak SFTP.
///
/// It waits wherever it can, and keeps nothing of a file but the piece that is under way.
package enum SCPServer {
    package struct Options: Sendable {
        /// `-r`: directories, too.
        package var isRecursive = false
        /// `-p`: times and permissions as they are at the other side.
        package var keepsAttributes = false
        /// `-d`: several files come, and the target must be a directory.
        package var mustBeDirectory = false
        package init() {}

        /// What a file or directory gets of the permissions that its origin has.
        func permissions(_ origin: UInt32) -> UInt32 {
            keepsAttributes ? origin & 0o7777 : origin & 0o7777 & ~SCPServer.creationMask
        }
    }

    /// Seconds since 1970.
    struct Times {
        let modified, accessed: Int64

        func set(_ path: [UInt8]) throws(SystemError) {
            try FileCalls.setTimes(
                path, accessed: accessed, modified: modified, followingLinks: true)
        }
    }

    package enum Direction: Sendable {
        /// `-t`
        case into(String)
        /// `-f`; patterns as a shell has them may be among the paths.
        case outOf([String])
    }

    private static let creationMask: UInt32 = 0o022

    /// Serves until everything is carried over, or the client ends.
    /// - Returns: what the client did that ends it early; `nil` where it is done, with how much failed.
    package static func serve(
        _ direction: Direction, _ options: Options
    ) throws(SystemError) -> (complaint: String?, failures: Int) {
        FileCalls.setCreationMask(0)
        do throws(SCPStream.Break) {
            switch direction {
            case .into(let target):
                var receiver = SCPReceiver(options)
                return (nil, try receiver.receive(into: path(target)))
            case .outOf(let paths):
                var sender = SCPSender(options)
                return (nil, try sender.send(paths.flatMap { PathPattern.matches(path($0)) }))
            }
        } catch {
            switch error {
            case .ended: return (nil, 1)
            case .malformed(let words): return (words, 1)
            case .system(let error): throw error
            }
        }
    }

    /// The client leaves `~` to a shell at the far side, which is not there.
    private static func path(_ words: String) -> [UInt8] {
        let path = Array(words.utf8)
        return Paths.expand(path) ?? path
    }
}
