import LinuxKit
import SSHCore
import SSHKit

/// Says what is wrong with the server's files before somebody stands outside.
///
/// In a process of its own, `davit session --check`: the listener never holds the private key, and none of the
/// processes that strangers speak to is forked from one that did.
package enum FileCheck {
    /// Complaints with which nobody can log in begin with this.
    static let fatal = "! "
    private static let longest = 16384

    /// One complaint a line.
    package static func complaints(_ directory: String) -> [String] {
        let files = ServerFiles(directory: directory)
        var complaints: [String] = []
        do {
            try SSHLibrary.start()
            _ = try files.hostKey()
        } catch {
            complaints.append(fatal + "\(error)")
        }
        do throws(FileRefusal) {
            let keys = try files.authorizedKeys()
            for line in keys.refused.prefix(20) {
                complaints.append("\(files.authorizedKeysPath), \(line)")
            }
            if keys.keys.isEmpty {
                complaints.append(
                    fatal + "\(files.authorizedKeysPath) holds no key, so nobody can log in.")
            }
        } catch {
            complaints.append(fatal + "\(error)")
        }
        return complaints
    }

    /// The process under way, as the listener holds it.
    final class Running {
        private let child: ChildProcess
        private let reading: FileDescriptor
        private var text: [UInt8] = []

        init(_ directory: String) throws(SystemError) {
            let pipe = try FileDescriptor.pipe().split()
            reading = FileDescriptor(adopting: pipe.reading)
            let writing = FileDescriptor(adopting: pipe.writing)
            try reading.setNonBlocking()
            var request = ChildProcess.Request.davit(["session", "--check", "--config", directory])
            request.output = writing.number
            child = try ChildProcess(starting: request)
        }

        var interest: Poll.Interest { .init(reading.number, .input) }

        /// The complaints, or `nil` while it looks.
        func complaints() -> [String]? {
            while text.count < FileCheck.longest {
                switch try? reading.read(atMost: 4096) {
                case .bytes(let bytes): text += bytes
                case .wouldBlock: return nil
                case .end, nil: return lines
                }
            }
            return lines
        }

        private var lines: [String] {
            text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        }
    }
}
