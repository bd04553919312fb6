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
    }

    package let entries: [Entry]
    /// Targets and backstores that davit did not make, as paths in configfs.
    package let foreign: [String]

    package init() throws {
        let observed = ConfigTree.observe(comparing: try CHAPSecret())
        entries = Set(Intent.names).union(observed.exports).sorted().map { name in
            Self.entry(name, observed)
        }
        foreign =
            observed.targets.filter { $0.iqn.export == nil }.map(\.path)
            + observed.backstores.filter { Layout.export(ofBackstore: $0) == nil }
    }

    private static func entry(_ name: ExportName, _ observed: Observed) -> Entry {
        let intent = Intent(reading: name)
        let targets = observed.targets.filter { $0.iqn.export == name }.map(\.path)
        let missing = intent.flatMap { try? ApplyPlan($0.wanted, over: observed).steps }
        return Entry(
            name: name, intent: intent,
            isEnabled: targets.contains { observed.isEnabled($0 + "/tpgt_1") },
            sessions: targets.flatMap { observed.sessions(of: $0) }, missing: missing)
    }

    /// `{exports: [{…the intent…, enabled, missingSteps, sessions: [{initiator, address}]}], foreign: […]}`.
    package var json: JSON {
        [
            "exports": .array(entries.map(\.json)),
            "foreign": .array(foreign.map { .string($0) }),
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
        ]
        return .object(members)
    }
}
