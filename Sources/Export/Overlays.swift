import ExportCore
import JSONKit
import LinuxKit

/// The overlays of one export; everything that can hang is the worker's.
struct Overlays {
    /// What stands in the way, in words.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let patience = Duration.seconds(10)

    let name: ExportName
    let overlay: Overlay
    /// For how many disks the store has room: up to the highest LUN, here or not.
    let disks: Int
    let worker: KernelWorker

    init(_ intent: Intent, _ overlay: Overlay, _ worker: KernelWorker) {
        name = intent.name
        self.overlay = overlay
        disks = intent.disks.map(\.lun).max() ?? 0
        self.worker = worker
    }

    /// Where the writes are kept, for people.
    static func place(_ intent: Intent) -> String {
        intent.overlay?.file ?? "this host's memory"
    }

    func state(_ lun: Int, within patience: Duration = .seconds(3)) throws -> Snapshot.State {
        Snapshot.State(try ask("overlay-status", request(lun), within: patience))
    }

    /// Makes what is not there yet of the overlay over a disk.
    /// - Returns: the node to export.
    func make(over disk: Intent.Disk) throws -> String {
        let request = request(disk)
        let before = try state(disk.lun)
        if let node = before.node { return node }
        try change("overlay-store", request)
        if !before.isThere { try change("overlay-create", request) }
        // A killed run may have loaded one already; the second takes its place.
        try change("overlay-load", request)
        try change("overlay-resume", request)
        guard let node = try state(disk.lun).node else {
            throw Failure(
                description: "The overlay of \(disk.device) did not appear. 'dmesg' says why.")
        }
        return node
    }

    /// Has the kernel write what the overlay holds into the disk; returns while it does.
    func beginMerge(into disk: Intent.Disk) throws {
        let request = request(disk)
        let before = try state(disk.lun)
        if before.isMerging, case .holds? = before.fill { return }
        // One that failed is begun again: the store still has what is not on the disk.
        // Whoever is killed between the two finds no mapping, and goes on below: the store keeps what it holds.
        if before.isThere { try change("overlay-remove", request) }
        try change("overlay-create", request)
        try change("overlay-merge", request)
        try change("overlay-resume", request)
    }

    func endMerge(into disk: Intent.Disk) throws {
        try change("overlay-remove", request(disk))
        try change("overlay-flush", request(disk), within: .seconds(120))
    }

    func remove(_ lun: Int, within patience: Duration = patience) throws {
        try change("overlay-remove", request(lun), within: patience)
    }

    /// Removes the store and everything in it, unless it is a file that also holds writes to other LUNs than the ones
    /// that are `merged`.
    /// - Returns: whether it stays.
    func forget(
        but merged: [Int] = [], within patience: Duration = patience
    ) throws -> Bool {
        var request = request(1)
        request.merged = merged
        let answer = try ask("overlay-forget", request, within: patience)
        Checkpoint.passed()
        return answer["kept"]?.bool ?? false
    }

    private func request(_ lun: Int) -> OverlayWork.Request {
        OverlayWork.Request(name: name, lun: lun, overlay: overlay, disks: disks)
    }

    private func request(_ disk: Intent.Disk) -> OverlayWork.Request {
        var request = request(disk.lun)
        request.origin = disk.path ?? ""
        request.serial = disk.serial?.digits ?? ""
        return request
    }

    private func change(
        _ verb: String, _ request: OverlayWork.Request, within patience: Duration = patience
    ) throws {
        _ = try ask(verb, request, within: patience)
        Checkpoint.passed()
    }

    private func ask(
        _ verb: String, _ request: OverlayWork.Request, within patience: Duration
    ) throws -> JSON {
        guard let answer = try worker.ask(request.json(verb), until: Clock.now + patience) else {
            throw Failure(
                description:
                    "The kernel does not come back from work on the overlay \(request.snapshot.name): "
                    + "\(worker.hung.last ?? "").")
        }
        guard answer["code"]?.int == 0 else {
            let reason = answer["words"]?.string ?? "no answer"
            throw Failure(description: reason)
        }
        return answer
    }
}
