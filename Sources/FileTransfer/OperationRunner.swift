import LinuxKit
import SFTPCore

/// Carries out a client's operations on the files of this machine, one at a time.
struct OperationRunner {
    private var open: [OpenObject?] = []

    mutating func perform(_ operation: Operation) -> Outcome {
        do throws(SystemError) {
            return try outcome(of: operation)
        } catch {
            return fail(error, operation)
        }
    }

    /// Fills a part of `bytes` from a file.
    /// - Returns: `.data`, or why not.
    func read(
        _ slot: Int, at offset: UInt64, into bytes: inout [UInt8], _ part: Range<Int>
    ) -> Outcome {
        do throws(SystemError) {
            let count = try at(slot).withDescriptor { file throws(SystemError) in
                try file.read(into: &bytes, part, at: offset)
            }
            guard let count else { return .failed(Status(.failure, "There is nothing to read.")) }
            return count > 0 || part.isEmpty ? .data(count) : .failed(.endOfFile)
        } catch {
            return fail(error, .read(slot: slot, offset: offset, count: part.count))
        }
    }

    private mutating func outcome(of operation: Operation) throws(SystemError) -> Outcome {
        switch operation {
        case .open(let slot, let path, let flags, let permissions):
            let file = try FileCalls.open(
                path, .init(flags), permissions: permissions ?? 0o666)
            put(OpenObject(file, path), at: slot)
        case .openDirectory(let slot, let path):
            put(OpenObject(try DirectoryReader(path), path), at: slot)
        case .close(let slot):
            put(nil, at: slot)
        case .read:
            // Goes through `read`, past every copy.
            return .failed(Status(.unsupported, ""))
        case .write(let slot, let offset, let bytes):
            try at(slot).withDescriptor { file throws(SystemError) in
                try file.write(bytes, at: offset)
            }
        case .readDirectory(let slot):
            let entries = try entries(slot)
            return entries.isEmpty ? .failed(.endOfFile) : .entries(entries)
        case .look(let path, let followingLinks):
            let status = try FileCalls.status(of: path, followingLinks: followingLinks)
            return .attributes(Attributes(status))
        case .lookAtOpen(let slot):
            return .attributes(
                Attributes(
                    try at(slot).withDescriptor { file throws(SystemError) in try file.status() }))
        case .change(let path, let attributes, let followingLinks):
            try change(path, attributes, followingLinks)
        case .changeOpen(let slot, let attributes):
            try at(slot).withDescriptor { file throws(SystemError) in
                try Self.change(file, attributes)
            }
        case .remove(let path): try FileCalls.remove(path)
        case .makeDirectory(let path, let permissions):
            try FileCalls.makeDirectory(path, permissions: permissions ?? 0o777)
        case .removeDirectory(let path): try FileCalls.removeDirectory(path)
        case .resolve(let path): return .path(try Paths.resolve(path))
        case .expand(let path):
            guard let expanded = Paths.expand(path) else { return Self.noUser }
            return .path(try Paths.resolve(expanded))
        case .home(let user):
            guard let home = Paths.home(of: user) else { return Self.noUser }
            return .path(home)
        case .rename(let path, let new, replacing: true): try FileCalls.rename(path, to: new)
        case .rename(let path, let new, replacing: false):
            try FileCalls.renameWithoutReplacing(path, to: new)
        case .readLink(let path): return .path(try FileCalls.linkTarget(path))
        case .makeLink(let path, let target): try FileCalls.makeLink(path, target: target)
        case .makeHardLink(let path, let old): try FileCalls.makeHardLink(path, of: old)
        case .sync(let slot):
            try at(slot).withDescriptor { file throws(SystemError) in try file.sync() }
        case .fileSystem(let path):
            return .fileSystem(FileSystemStatus(try FileSystemUse(of: path)))
        case .fileSystemOfOpen(let slot):
            return .fileSystem(
                FileSystemStatus(
                    try at(slot).withDescriptor { file throws(SystemError) in
                        try FileSystemUse(of: file)
                    }))
        case .copy(let source, let offset, let count, let target, let place):
            return try copy(source, offset, count, target, place)
        }
        return .done
    }

    private static let noUser = Outcome.failed(Status(.noSuchFile, "There is no such user."))

    // MARK: Slots

    private mutating func put(_ object: OpenObject?, at slot: Int) {
        while open.count <= slot { open.append(nil) }
        if open.indices.contains(slot) { open[slot] = object }
    }

    private func at(_ slot: Int) throws(SystemError) -> OpenObject {
        guard open.indices.contains(slot), let object = open[slot] else {
            throw SystemError("use", "what is not open", code: ErrorNumber.invalid)
        }
        return object
    }

    // MARK: Attributes

    /// The owner before the permissions, because a new owner takes away the set-user-ID bit; the times last, because
    /// the rest changes them.
    private func change(
        _ path: PathBytes, _ attributes: Attributes, _ followingLinks: Bool
    ) throws(SystemError) {
        if let size = attributes.size {
            guard followingLinks else {
                throw SystemError(
                    "set the size of", String(decoding: path, as: UTF8.self),
                    code: ErrorNumber.invalid)
            }
            try FileCalls.truncate(path, to: size)
        }
        if let owner = attributes.owner {
            try FileCalls.setOwner(
                path, user: owner.user, group: owner.group, followingLinks: followingLinks)
        }
        if let permissions = attributes.permissions {
            try FileCalls.setPermissions(path, permissions, followingLinks: followingLinks)
        }
        if let times = attributes.times {
            try FileCalls.setTimes(
                path, accessed: Int64(times.accessed), modified: Int64(times.modified),
                followingLinks: followingLinks)
        }
    }

    private static func change(
        _ file: borrowing FileDescriptor, _ attributes: Attributes
    ) throws(SystemError) {
        if let size = attributes.size { try file.truncate(to: size) }
        if let owner = attributes.owner {
            try file.setOwner(user: owner.user, group: owner.group)
        }
        if let permissions = attributes.permissions { try file.setPermissions(permissions) }
        if let times = attributes.times {
            try file.setTimes(accessed: Int64(times.accessed), modified: Int64(times.modified))
        }
    }

    // MARK: Directories

    private func entries(_ slot: Int) throws(SystemError) -> [Entry] {
        let now = Clock.wall.components.seconds
        var entries: [Entry] = []
        let directory = try at(slot)
        while entries.count < Limits.entries, let (name, status) = try directory.next() {
            // Gone since its name was read: what cannot be looked at is not there for the client either.
            guard let status else { continue }
            let attributes = Attributes(status)
            let line = ListLine.text(attributes, links: status.links, name: name, now: now)
            entries.append(Entry(name: name, line: line, attributes: attributes))
        }
        return entries
    }

    // MARK: Copying here

    private func copy(
        _ source: Int, _ offset: UInt64, _ count: UInt64, _ target: Int, _ place: UInt64
    ) throws(SystemError) -> Outcome {
        let (from, to) = (try at(source), try at(target))
        guard from !== to, !Files.isSame(from.name, to.name) else {
            return .failed(Status(.failure, "A file cannot be copied onto itself."))
        }
        var left = count == 0 ? UInt64.max : count
        var (offset, place) = (offset, place)
        var piece = [UInt8](repeating: 0, count: 65536)
        while left > 0 {
            let room = 0..<Int(clamping: min(left, UInt64(piece.count)))
            let start = offset
            let got = try from.withDescriptor { file throws(SystemError) in
                try file.read(into: &piece, room, at: start)
            }
            guard let got, got > 0 else { break }
            let there = place
            try to.withDescriptor { file throws(SystemError) in
                try file.write(piece[..<got], at: there)
            }
            offset &+= UInt64(got)
            place &+= UInt64(got)
            left -= UInt64(got)
        }
        return .done
    }

    // MARK: Trouble

    /// SFTP has no word for a full disk, and OpenSSH's client shows nobody the server's: so what a person must know
    /// goes to standard error, which every client shows.
    private func fail(_ error: SystemError, _ operation: Operation) -> Outcome {
        let failed = Outcome.failed(Status(error))
        guard ErrorNumber.troubles.contains(error.code) else { return failed }
        switch operation {
        case .read(let slot, _, _), .write(let slot, _, _), .readDirectory(let slot),
            .sync(let slot), .copy(_, _, _, let slot, _), .changeOpen(let slot, _):
            guard let object = try? at(slot), !object.hasComplained else { return failed }
            object.hasComplained = true
            Output.error(
                "davit: \(SystemError(error.operation, object.name, code: error.code))")
        default: Output.error("davit: \(error)")
        }
        return failed
    }
}

extension OpenObject {
    fileprivate var name: String { String(decoding: path, as: UTF8.self) }
}
