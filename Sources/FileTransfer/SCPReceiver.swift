import LinuxKit
import SCPCore

/// `scp -t`: takes files and directories from a client.
struct SCPReceiver {
    private var stream = SCPStream()
    private let options: SCPServer.Options

    init(_ options: SCPServer.Options) { self.options = options }

    /// - Returns: how many were not taken, or not whole.
    mutating func receive(into target: [UInt8]) throws(SCPStream.Break) -> Int {
        let isDirectory = Self.isDirectory(target)
        if options.mustBeDirectory, !isDirectory {
            let name = String(decoding: target, as: UTF8.self)
            try stream.send(.failure(Array("scp: \(name): this is no directory here".utf8)))
            return 1
        }
        try takeAll(into: target, isDirectory: isDirectory, isInside: false)
        return stream.failures
    }

    private static func isDirectory(_ path: [UInt8]) -> Bool {
        (try? FileCalls.status(of: path, followingLinks: true))?.isDirectory == true
    }

    /// One directory's worth: until its end, or the conversation's where this is the outermost.
    ///
    /// As deep as the client's directories, which the kernel bounds: a path has 4095 bytes at most.
    private mutating func takeAll(
        into target: [UInt8], isDirectory: Bool, isInside: Bool
    ) throws(SCPStream.Break) {
        try stream.agree()
        var times: SCPServer.Times?
        while let message = try stream.message() {
            switch message {
            case .times(let modified, let accessed):
                times = .init(modified: modified, accessed: accessed)
                try stream.agree()
            case .file(let permissions, let size, let name):
                let path = isDirectory ? Self.join(target, name) : target
                try takeFile(path, permissions, size, times)
                times = nil
            case .directory(let permissions, let name):
                guard options.isRecursive else { throw .malformed("a directory without -r") }
                let path = isDirectory ? Self.join(target, name) : target
                try takeDirectory(path, permissions, times)
                times = nil
            case .end:
                guard isInside else { throw .malformed("an end without a directory") }
                return try stream.agree()
            // What the client could not read of its own, and has told its person.
            case .warning: stream.noteFailure()
            case .failure: throw .ended
            }
        }
        if isInside { throw .ended }
    }

    private static func join(_ directory: [UInt8], _ name: [UInt8]) -> [UInt8] {
        directory + [UInt8(ascii: "/")] + name
    }

    private mutating func takeDirectory(
        _ path: [UInt8], _ permissions: UInt32, _ times: SCPServer.Times?
    ) throws(SCPStream.Break) {
        let wasThere = Self.isDirectory(path)
        if !wasThere {
            do throws(SystemError) {
                // What is copied into it must find room, also below a directory that may only be read.
                try FileCalls.makeDirectory(path, permissions: permissions | 0o700)
            } catch {
                return try stream.warn(error)
            }
        }
        try takeAll(into: path, isDirectory: true, isInside: true)
        do throws(SystemError) {
            if options.keepsAttributes || !wasThere {
                let wanted = options.permissions(permissions)
                try FileCalls.setPermissions(path, wanted, followingLinks: true)
            }
            try times?.set(path)
        } catch {
            // The client listens to no more about this directory.
            stream.noteFailure()
            Output.error("scp: \(error)")
        }
    }

    private mutating func takeFile(
        _ path: [UInt8], _ permissions: UInt32, _ size: UInt64, _ times: SCPServer.Times?
    ) throws(SCPStream.Break) {
        let wasThere = (try? FileCalls.status(of: path, followingLinks: true)) != nil
        let file: OpenObject
        do throws(SystemError) {
            var mode = FileCalls.OpenMode()
            mode.isWriting = true
            mode.isCreating = true
            let permissions = options.permissions(permissions) | 0o200
            file = OpenObject(try FileCalls.open(path, mode, permissions: permissions), path)
        } catch {
            return try stream.warn(error)
        }
        try stream.agree()
        var trouble = try takeContent(of: file, size)
        let isWhole = try stream.isAgreed()
        if trouble == nil {
            do throws(SystemError) {
                let changes = options.keepsAttributes || !wasThere
                let permissions = changes ? options.permissions(permissions) : nil
                try finish(file, size, permissions: permissions, isWhole ? times : nil)
            } catch {
                trouble = error
            }
        }
        guard let trouble else { return try stream.agree() }
        let name = String(decoding: path, as: UTF8.self)
        try stream.warn(SystemError(trouble.operation, name, code: trouble.code))
    }

    /// Takes everything that the client sends, for it sends all, also when the disk is full.
    private mutating func takeContent(
        of file: OpenObject, _ size: UInt64
    ) throws(SCPStream.Break) -> SystemError? {
        var trouble: SystemError?
        var left = size
        while left > 0 {
            let piece = try stream.content(upTo: left)
            left -= UInt64(piece.count)
            guard trouble == nil else { continue }
            do throws(SystemError) {
                try file.withDescriptor { file throws(SystemError) in try file.write(piece) }
            } catch {
                trouble = error
            }
        }
        return trouble
    }

    /// A file that was there keeps what lies behind the new content until all of that has come.
    private func finish(
        _ file: OpenObject, _ size: UInt64, permissions: UInt32?, _ times: SCPServer.Times?
    ) throws(SystemError) {
        try file.withDescriptor { file throws(SystemError) in
            guard try file.status().isRegular else { return }
            try file.truncate(to: size)
            if let permissions { try file.setPermissions(permissions) }
            if let times {
                try file.setTimes(accessed: times.accessed, modified: times.modified)
            }
        }
    }
}
