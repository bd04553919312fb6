import ExportCore
import JSONKit
import LinuxKit

/// What the worker does for overlays: one change a request, so that a kill between any two finds the next run able to
/// go on.
enum OverlayWork {
    /// Which overlay a request is about.
    struct Request {
        var name: ExportName
        var lun: Int
        var overlay: Overlay
        /// The disk's node.
        var origin = ""
        var serial = ""
        /// How many disks the store is for.
        var disks = 0
        /// The LUNs whose writes are on the disks.
        var merged: [Int] = []

        var snapshot: Snapshot {
            Snapshot(Overlay.mapping(name, lun), uuid: Overlay.uuid(name, lun))
        }
        var range: Range<UInt64> { overlay.range(of: lun) }
        /// Where the writes are kept in memory: a tmpfs of its own, with a size of its own.
        static func directory(_ name: ExportName) -> String {
            "\(Intent.directory)/\(name).overlay"
        }
        var directory: String { Self.directory(name) }
        var store: String { overlay.file ?? directory + "/store" }
    }

    /// - Throws: the kernel's reason, or a `Refusal`.
    static func perform(_ verb: String, _ request: Request) throws -> JSON {
        switch verb {
        case "overlay-store": try prepareStore(request)
        case "overlay-create": try request.snapshot.create()
        case "overlay-load": try load(request, merging: false)
        case "overlay-merge": try load(request, merging: true)
        case "overlay-resume": try request.snapshot.resume()
        case "overlay-remove": try request.snapshot.remove(until: Clock.now + .seconds(2))
        case "overlay-flush": try FileDescriptor(updating: request.origin).flush()
        case "overlay-forget": return ["code": 0, "kept": .bool(try forget(request))]
        default: return try request.snapshot.state().json
        }
        return ["code": 0]
    }

    private static func load(_ request: Request, merging: Bool) throws {
        guard let origin = BlockNode(at: request.origin) else {
            throw Refusal.noDevice(request.origin)
        }
        try request.snapshot.load(
            over: origin, store: FileDescriptor(updating: request.store), range: request.range,
            merging: merging)
    }

    // MARK: The store

    private static func prepareStore(_ request: Request) throws {
        let before = try? FileStatus(of: request.store)
        guard before?.isRegular ?? true else {
            throw Refusal.otherOverlay(request.store, "it is no regular file")
        }
        guard let origin = BlockNode(at: request.origin) else {
            throw Refusal.noDevice(request.origin)
        }
        if request.overlay.file == nil { try mountMemory(request) }
        let file = try FileDescriptor(updating: request.store, creating: true)
        let label: OverlayLabel
        if before == nil || file.size == 0 {
            do {
                try enlarge(file, request)
            } catch {
                // Nothing is left of a file that the disk has no room for; one that was there stays, and empty.
                if before != nil {
                    try file.setLength(0)
                } else if request.overlay.file != nil {
                    try Files.remove(request.store)
                }
                throw error
            }
            label = OverlayLabel(room: request.overlay.room)
        } else {
            let start = try file.read(min(OverlayLabel.length, file.size), at: 0)
            // A run that was killed before it wrote the label leaves zeros, at the size that it gave.
            let isUnused =
                start.allSatisfy { $0 == 0 }
                && UInt64(file.size) == request.overlay.size(disks: request.disks)
            guard
                let found = OverlayLabel(start)
                    ?? (isUnused ? OverlayLabel(room: request.overlay.room) : nil)
            else {
                throw Refusal.otherOverlay(request.store, "it holds something else")
            }
            label = found
        }
        var fresh = label
        try fresh.add(
            .init(lun: request.lun, serial: request.serial, sectors: origin.sectors),
            room: request.overlay.room, store: request.store)
        guard UInt64(file.size) >= request.range.upperBound else {
            throw Refusal.otherOverlay(request.store, "it was made for fewer disks")
        }
        if fresh.disks != label.disks { try file.writeDurably(fresh.bytes, at: 0) }
    }

    private static func mountMemory(_ request: Request) throws {
        guard MountTable.type(at: request.directory) != "tmpfs" else { return }
        let needed = request.overlay.size(disks: request.disks)
        // A quarter stays for what else runs: an initramfs has no swap, and what is full kills.
        let free = (Memory.available ?? 0) / 4 * 3
        guard needed <= free else {
            throw Refusal.noRoom(needed: needed, free: free, place: "this host's memory")
        }
        try Files.makeDirectory(request.directory, mode: 0o700)
        try Mounts.mount(
            "davit", at: request.directory, type: "tmpfs",
            options: "mode=0700,size=\(needed + 1 << 20)", readOnly: false)
    }

    private static func enlarge(_ file: borrowing FileDescriptor, _ request: Request) throws {
        let needed = request.overlay.size(disks: request.disks)
        guard request.overlay.file != nil else {
            // Memory is taken when it is written.
            try file.setLength(needed)
            return
        }
        do throws(SystemError) {
            try file.allocate(needed)
        } catch {
            guard error.isOutOfSpace else { throw error }
            throw Refusal.noRoom(
                needed: needed, free: file.freeSpace, place: request.overlay.file ?? "")
        }
    }

    /// - Returns: whether a file stays, because it holds what is on no disk.
    private static func forget(_ request: Request) throws -> Bool {
        if let file = request.overlay.file {
            guard Files.exists(file) else { return false }
            let start = try FileDescriptor(updating: file).read(OverlayLabel.length, at: 0)
            guard let label = OverlayLabel(start),
                label.disks.allSatisfy({ request.merged.contains($0.lun) })
            else { return true }
            try Files.remove(file)
        } else if Files.exists(request.directory) {
            if MountTable.type(at: request.directory) == "tmpfs" {
                try Mounts.unmount(request.directory)
            }
            try Files.removeDirectory(request.directory)
        }
        return false
    }
}

extension OverlayWork.Request {
    func json(_ verb: String) -> JSON {
        [
            "do": .string(verb), "name": .string(name.description), "lun": JSON(lun),
            "room": .number(Int(clamping: overlay.room)), "file": JSON(overlay.file),
            "origin": .string(origin), "serial": .string(serial), "disks": JSON(disks),
            "merged": .array(merged.map { JSON($0) }),
        ]
    }

    init?(_ json: JSON) {
        guard let text = json["name"]?.string, let name = try? ExportName(text),
            let lun = json["lun"]?.int, let room = json["room"]?.int
        else { return nil }
        self.name = name
        self.lun = lun
        overlay = Overlay(room: UInt64(clamping: room), file: json["file"]?.string)
        origin = json["origin"]?.string ?? ""
        serial = json["serial"]?.string ?? ""
        disks = json["disks"]?.int ?? 0
        merged = (json["merged"]?.array ?? []).compactMap(\.int)
    }
}

extension Snapshot.State {
    /// As it travels from the worker: `{code, there, target, text, node}`.
    var json: JSON {
        [
            "code": 0, "there": .bool(isThere), "target": JSON(target), "text": JSON(text),
            "node": JSON(node),
        ]
    }

    init(_ json: JSON) {
        self.init(
            isThere: json["there"]?.bool ?? false, target: json["target"]?.string,
            text: json["text"]?.string, node: json["node"]?.string)
    }
}
