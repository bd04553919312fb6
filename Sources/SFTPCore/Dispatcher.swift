import Bytes

/// The server's side of SFTP version 3: packets in; operations to be carried out, and replies, out. One at a time, in
/// the order of the requests, as many as a client may have under way.
/// Source: draft-ietf-secsh-filexfer-02, with OpenSSH's order of the two paths of a symbolic link.
package struct Dispatcher: Sendable {
    package enum Step: Sendable, Equatable {
        /// Goes to the client.
        case reply([UInt8])
        /// To be carried out; then `finish` has the reply.
        case perform(id: UInt32, Operation)
        /// The client does not speak the protocol: nothing more can be understood.
        case end(String)
    }

    /// Where the next packet ends.
    package enum Frame: Sendable, Equatable {
        case incomplete
        /// That many bytes after the four of its length.
        case packet(Int)
        case tooLong(UInt32)
    }

    private let isReadOnly: Bool
    private var handles = HandleTable()
    private var isGreeted = false

    package init(isReadOnly: Bool = false) { self.isReadOnly = isReadOnly }

    package static func frame(_ bytes: ArraySlice<UInt8>) -> Frame {
        var reader = ByteReader(bytes)
        guard let length = reader.uint32() else { return .incomplete }
        guard length <= Limits.packet else { return .tooLong(length) }
        return reader.remaining < Int(length) ? .incomplete : .packet(Int(length))
    }

    /// Takes in one packet without its length.
    package mutating func receive(_ packet: ArraySlice<UInt8>) -> Step {
        var reader = RequestReader(packet)
        guard let number = try? reader.byte() else { return .end("an empty packet") }
        let type = PacketType(rawValue: number)
        if type == .initialize {
            isGreeted = true
            return .reply(Reply.version())
        }
        guard isGreeted else { return .end("a request before the version") }
        guard let id = try? reader.uint32() else { return .end("a request without a number") }
        do throws(Status) {
            guard let type, let operation = try operation(type, &reader) else {
                return .reply(refusal(of: type, id, &reader))
            }
            if isReadOnly, !operation.isReading {
                release(operation)
                throw .readOnly
            }
            return .perform(id: id, operation)
        } catch {
            return .reply(Reply.status(id, error))
        }
    }

    /// The reply to what was carried out; for `.data` the driver's to send.
    package mutating func finish(
        _ id: UInt32, _ operation: Operation, _ outcome: Outcome
    ) -> [UInt8] {
        if case .close(let slot) = operation { handles.release(slot) }
        switch outcome {
        case .done:
            switch operation {
            case .open(let slot, _, _, _), .openDirectory(let slot, _):
                return Reply.handle(id, handles.name(of: slot))
            default: return Reply.status(id, .done)
            }
        case .failed(let status):
            release(operation)
            return Reply.status(id, status)
        case .attributes(let attributes): return Reply.attributes(id, attributes)
        case .entries(let entries): return Reply.names(id, entries)
        case .path(let path):
            return Reply.names(id, [Entry(name: path, line: path, attributes: Attributes())])
        case .fileSystem(let status): return Reply.fileSystem(id, status)
        case .data(let count): return Reply.dataHeader(id, count)
        }
    }

    /// Gives back the slot of what is not opened after all.
    private mutating func release(_ operation: Operation) {
        switch operation {
        case .open(let slot, _, _, _), .openDirectory(let slot, _): handles.release(slot)
        default: break
        }
    }

    private func refusal(
        of type: PacketType?, _ id: UInt32, _ reader: inout RequestReader
    ) -> [UInt8] {
        // Limits are the one request that needs nothing from the disk.
        if type == .extended, (try? Self.extension(&reader)) == .limits { return Reply.limits(id) }
        return Reply.status(id, Status(.unsupported, "This server has no such request."))
    }

    private static func `extension`(_ reader: inout RequestReader) throws(Status) -> Extension? {
        Extension(rawValue: String(decoding: try reader.string(), as: UTF8.self))
    }
}

extension Dispatcher {
    /// The operation that a request asks for; `nil` when there is none of its kind.
    private mutating func operation(
        _ type: PacketType, _ reader: inout RequestReader
    ) throws(Status) -> Operation? {
        switch type {
        case .open:
            let path = try reader.path()
            let flags = OpenFlags(rawValue: try reader.uint32())
            let attributes = try Attributes(&reader)
            return .open(
                slot: try reserve(.file), path, flags, permissions: attributes.permissions)
        case .opendir:
            let path = try reader.path()
            return .openDirectory(slot: try reserve(.directory), path)
        case .close: return .close(slot: try slot(&reader, nil))
        case .read:
            let slot = try slot(&reader, .file)
            let offset = try reader.uint64()
            let count = try reader.uint32()
            return .read(slot: slot, offset: offset, count: min(Int(count), Limits.content))
        case .write:
            let slot = try slot(&reader, .file)
            let offset = try reader.uint64()
            return .write(slot: slot, offset: offset, try reader.string())
        case .lstat: return .look(try reader.path(), followingLinks: false)
        case .stat: return .look(try reader.path(), followingLinks: true)
        case .fstat: return .lookAtOpen(slot: try slot(&reader, nil))
        case .setstat:
            let path = try reader.path()
            return .change(path, try Attributes(&reader), followingLinks: true)
        case .fsetstat:
            let slot = try slot(&reader, nil)
            return .changeOpen(slot: slot, try Attributes(&reader))
        case .readdir: return .readDirectory(slot: try slot(&reader, .directory))
        case .remove: return .remove(try reader.path())
        case .mkdir:
            let path = try reader.path()
            return .makeDirectory(path, permissions: try Attributes(&reader).permissions)
        case .rmdir: return .removeDirectory(try reader.path())
        case .realpath: return .resolve(try reader.path())
        case .rename:
            let old = try reader.path()
            return .rename(old, to: try reader.path(), replacing: false)
        case .readlink: return .readLink(try reader.path())
        case .symlink:
            // The draft has it the other way round; every client does as OpenSSH does.
            let target = try reader.path()
            return .makeLink(try reader.path(), target: target)
        case .extended:
            var probe = reader
            guard let name = try Self.extension(&probe) else { return nil }
            let operation = try operation(name, &probe)
            return operation
        case .initialize, .version, .status, .handle, .data, .name, .attributes, .extendedReply:
            return nil
        }
    }

    private func operation(
        _ name: Extension, _ reader: inout RequestReader
    ) throws(Status) -> Operation? {
        switch name {
        case .posixRename:
            let old = try reader.path()
            return .rename(old, to: try reader.path(), replacing: true)
        case .hardLink:
            let old = try reader.path()
            return .makeHardLink(try reader.path(), of: old)
        case .fileSystem: return .fileSystem(try reader.path())
        case .fileSystemOfOpen: return .fileSystemOfOpen(slot: try slot(&reader, nil))
        case .sync: return .sync(slot: try slot(&reader, .file))
        case .changeLink:
            let path = try reader.path()
            return .change(path, try Attributes(&reader), followingLinks: false)
        case .expandPath: return .expand(try reader.path())
        case .homeDirectory: return .home(user: Array(try reader.string()))
        case .copyData:
            let from = try slot(&reader, .file)
            let offset = try reader.uint64()
            let count = try reader.uint64()
            let to = try slot(&reader, .file)
            return .copy(
                from: from, offset: offset, count: count, to: to, at: try reader.uint64())
        case .limits: return nil
        }
    }

    private func slot(
        _ reader: inout RequestReader, _ kind: HandleTable.Kind?
    ) throws(Status) -> Int {
        try handles.slot(try reader.string(), kind)
    }

    private mutating func reserve(_ kind: HandleTable.Kind) throws(Status) -> Int {
        guard let slot = handles.reserve(kind) else {
            throw Status(.failure, "\(Limits.handles) files are open already.")
        }
        return slot
    }
}
