import ExportCore
import JSONKit
import LinuxKit

/// The other end of `KernelWorker`: a process that does one thing after the other, and that can be given up when the
/// kernel does not let it go.
package enum StepServer {
    /// Reads requests from standard input, one line each, and answers each with a line: what was asked for, or
    /// `{code}`, the kernel's error number or 0.
    package static func run() throws {
        let input = FileDescriptor(adopting: 0)
        let output = FileDescriptor(adopting: 1)
        var buffer: [UInt8] = []
        while true {
            guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else {
                guard case .bytes(let more) = try input.read(atMost: 4096) else { return }
                buffer += more
                continue
            }
            let line = String(decoding: buffer[..<end], as: UTF8.self)
            buffer.removeSubrange(...end)
            try output.write(answer(to: JSON(parsing: line)).compact + "\n")
        }
    }

    private static func answer(to request: JSON) -> JSON {
        if let verb = request["do"]?.string, verb.hasPrefix("overlay-"),
            let overlay = OverlayWork.Request(request)
        {
            do {
                return try OverlayWork.perform(verb, overlay)
            } catch {
                return ["code": JSON(ErrorNumber.inputOutput), "words": .string("\(error)")]
            }
        }
        do throws(SystemError) {
            switch request["do"]?.string {
            case "look": return ConfigTree.look(request)
            case "content":
                return Content(of: request["path"]?.string ?? "").json
            case "claim":
                guard let node = BlockNode(at: request["path"]?.string ?? "")
                else { return code(ErrorNumber.notFound) }
                try node.claim()
            default:
                guard let step = Step(request) else { return code(ErrorNumber.inputOutput) }
                try perform(step)
            }
            return code(0)
        } catch {
            return code(error.code)
        }
    }

    private static func code(_ number: Int32) -> JSON { ["code": JSON(number)] }

    private static func perform(_ step: Step) throws(SystemError) {
        func whole(_ path: String) -> String { "\(ConfigTree.root)/\(path)" }
        switch step {
        case .makeDirectory(let path): try ConfigFS.makeDirectory(whole(path))
        case .removeDirectory(let path): try ConfigFS.removeDirectory(whole(path))
        case .link(let path, let target): try ConfigFS.link(whole(path), to: whole(target))
        case .removeLink(let path): try ConfigFS.removeLink(whole(path))
        case .write(.text(let text), let path):
            try ConfigFS.write(Array(text.utf8), to: whole(path))
        case .write(.secret(let which), let path):
            let secret = try CHAPSecret(which)
            try secret.write(to: whole(path))
        }
    }
}

extension Step {
    /// As it travels to the process that performs it; a secret does not, that process reads it itself.
    var json: JSON {
        switch self {
        case .makeDirectory(let path): ["do": "mkdir", "path": .string(path)]
        case .removeDirectory(let path): ["do": "rmdir", "path": .string(path)]
        case .link(let path, let target):
            ["do": "link", "path": .string(path), "to": .string(target)]
        case .removeLink(let path): ["do": "unlink", "path": .string(path)]
        case .write(.text(let text), let path):
            ["do": "write", "path": .string(path), "text": .string(text)]
        case .write(.secret(let which), let path):
            ["do": "write", "path": .string(path), "secret": .string(which.rawValue)]
        }
    }

    init?(_ json: JSON) {
        guard let path = json["path"]?.string else { return nil }
        switch json["do"]?.string {
        case "mkdir": self = .makeDirectory(path)
        case "rmdir": self = .removeDirectory(path)
        case "link":
            guard let target = json["to"]?.string else { return nil }
            self = .link(path, to: target)
        case "unlink": self = .removeLink(path)
        case "write":
            if let text = json["text"]?.string {
                self = .write(.text(text), to: path)
            } else if let secret = json["secret"]?.string.flatMap({ Secret(rawValue: $0) }) {
                self = .write(.secret(secret), to: path)
            } else {
                return nil
            }
        default: return nil
        }
    }
}
