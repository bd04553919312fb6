import ExportCore
import JSONKit
import LinuxKit

/// What is exported now: the intents, compared with what configfs holds.
package struct ExportStatus {
    /// One export.
    package struct Entry {
        package let name: ExportName
        /// `nil` when no intent is left, for example after /run was lost.
        package let intent: Intent?
        /// Whether the kernel serves it.
        package let isEnabled: Bool
        package let sessions: [Session]
        /// The steps that are missing; `nil` when nobody can say, or what is there contradicts the intent.
        package let missing: [PlannedStep]?
        /// Of each LUN with an overlay, how full it is; `nil` where the kernel does not say.
        package let fills: [Int: SnapshotFill?]
    }

    package let entries: [Entry]
    /// Targets and backstores that davit did not make, as paths in configfs.
    package let foreign: [String]
    /// What could not be looked at, each with who hangs there.
    package let blocked: [String]

    package init() throws {
        let worker = KernelWorker()
        let observed = try ConfigTree.observe(worker)
        entries = try Set(Intent.names).union(observed.exports).sorted().map { name in
            try Self.entry(name, observed, worker)
        }
        blocked = zip(observed.blocked, worker.hung + observed.blocked.map { _ in "too slow" })
            .map { "\($0) (\($1))" }
        foreign =
            observed.targets.filter { $0.iqn.export == nil }.map(\.path)
            + observed.backstores.filter { Layout.export(ofBackstore: $0) == nil }
    }

    private static func entry(
        _ name: ExportName, _ observed: Observed, _ worker: KernelWorker
    ) throws -> Entry {
        let intent = Intent(reading: name)
        let targets = observed.targets.filter { $0.iqn.export == name }.map(\.path)
        let missing = intent.flatMap { try? ApplyPlan($0.wanted, over: observed).steps }
        return Entry(
            name: name, intent: intent,
            isEnabled: targets.contains { observed.isEnabled($0 + "/tpgt_1") },
            sessions: targets.flatMap { observed.sessions(of: $0) }, missing: missing,
            fills: try fills(intent, worker))
    }

    private static func fills(
        _ intent: Intent?, _ worker: KernelWorker
    ) throws -> [Int: SnapshotFill?] {
        guard let intent, let overlay = intent.overlay else { return [:] }
        let overlays = Overlays(intent, overlay, worker)
        var fills: [Int: SnapshotFill?] = [:]
        for disk in intent.disks where disk.overlayNode != nil {
            fills.updateValue((try? overlays.state(disk.lun))?.fill, forKey: disk.lun)
        }
        return fills
    }

    /// `{exports: [{…the intent…, enabled, missingSteps, sessions: [{initiator, address}], overlays: [{lun, written,
    /// room, state: whole|overflowed|invalid|mergeFailed}]}], foreign: […], blocked: […]}`.
    package var json: JSON {
        [
            "exports": .array(entries.map(\.json)),
            "foreign": .array(foreign.map { .string($0) }),
            "blocked": .array(blocked.map { .string($0) }),
        ]
    }
}

extension ExportStatus.Entry {
    package var json: JSON {
        var members: [JSON.Member] = [.init("name", .string(name.description))]
        if case .object(let known)? = intent?.json { members = known }
        members += [
            .init("enabled", .bool(isEnabled)),
            .init("missingSteps", missing.map { JSON($0.count) } ?? .null),
            .init(
                "sessions",
                .array(
                    sessions.map {
                        ["initiator": .string($0.initiator), "address": JSON($0.address)]
                    })),
            .init(
                "overlays",
                .array(
                    fills.sorted { $0.key < $1.key }.map { lun, fill in
                        [
                            "lun": JSON(lun), "written": JSON(fill?.bytes),
                            "room": JSON(intent?.overlay?.room), "state": JSON(fill?.word),
                        ]
                    })),
        ]
        return .object(members)
    }
}

extension SnapshotFill {
    var word: String {
        switch self {
        case .holds: "whole"
        case .overflowed: "overflowed"
        case .invalid: "invalid"
        case .mergeFailed: "mergeFailed"
        }
    }
}
