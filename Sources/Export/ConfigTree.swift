import ExportCore
import JSONKit
import LinuxKit

/// Reads what configfs holds into a value, directory by directory through a `KernelWorker`: a directory whose removal
/// hangs cannot be listed either, and is left out by name.
struct ConfigTree {
    static var mountPoint: String { Roots.sys + "/kernel/config" }
    static var root: String { mountPoint + "/target" }

    /// As long as one directory may take.
    private static let patience = Duration.seconds(1)

    private let worker: KernelWorker
    /// What `worker.lost` may grow to.
    private let mostLost: Duration
    private var observed = Observed()

    /// Looks at everybody's targets and backstores; nothing is there while configfs is not mounted.
    /// - Parameter patience: how long may be waited in vain, in all; what has not been seen then counts as blocked.
    static func observe(
        _ worker: KernelWorker, losing patience: Duration = .seconds(4)
    ) throws(SystemError) -> Observed {
        var tree = ConfigTree(worker, losing: patience)
        try tree.lookAtBackstores()
        try tree.lookAtTargets()
        return tree.observed
    }

    private init(_ worker: KernelWorker, losing patience: Duration) {
        self.worker = worker
        mostLost = worker.lost + patience
    }

    private mutating func lookAtBackstores() throws(SystemError) {
        for adapter in try look("core") where adapter.utf8.contains(UInt8(ascii: "_")) {
            let path = "core/\(adapter)"
            observed.directories.insert(path)
            for name in try look(path) where !["hba_info", "hba_mode"].contains(name) {
                let backstore = "\(path)/\(name)"
                _ = try look(
                    backstore, "info", "enable", "wwn/vpd_unit_serial", "attrib/emulate_tpu",
                    "attrib/emulate_tpws")
                // Of what else the directory of an adapter may hold nothing can be enabled.
                guard observed.attributes[backstore + "/enable"] != nil else { continue }
                observed.directories.insert(backstore)
            }
        }
    }

    private mutating func lookAtTargets() throws(SystemError) {
        let names = try look(Layout.fabric)
        guard !names.isEmpty else { return }
        observed.directories.insert(Layout.fabric)
        _ = try look(
            Layout.discovery, "userid", "userid_mutual", "enforce_discovery_auth", comparing: true)
        for name in names where (try? IQN(name)) != nil {
            let target = Layout.path(of: name)
            observed.directories.insert(target)
            for group in try look(target) where group.hasPrefix("tpgt_") {
                try lookAtGroup("\(target)/\(group)")
            }
        }
    }

    private mutating func lookAtGroup(_ group: String) throws(SystemError) {
        observed.directories.insert(group)
        _ = try look(
            group, "enable", "dynamic_sessions", "param/AuthMethod", "auth/userid",
            "auth/userid_mutual", "attrib/authentication", "attrib/generate_node_acls",
            "attrib/demo_mode_write_protect", "attrib/prod_mode_write_protect", comparing: true)
        for name in try look("\(group)/lun") where name.hasPrefix("lun_") {
            observed.directories.insert("\(group)/lun/\(name)")
            _ = try look("\(group)/lun/\(name)")
        }
        for name in try look("\(group)/np") { observed.directories.insert("\(group)/np/\(name)") }
        for name in try look("\(group)/acls") {
            let list = "\(group)/acls/\(name)"
            observed.directories.insert(list)
            for lun in try look(
                list, "info", "auth/userid", "auth/userid_mutual", comparing: true)
            where lun.hasPrefix("lun_") {
                observed.directories.insert("\(list)/\(lun)")
                _ = try look("\(list)/\(lun)", "write_protect")
            }
        }
    }

    /// Notes the attributes and links of one directory.
    /// - Parameter comparing: also which of its passwords are the secrets of this machine.
    /// - Returns: the names in it.
    private mutating func look(
        _ path: String, _ attributes: String..., comparing: Bool = false
    ) throws(SystemError) -> [String] {
        let request: JSON = [
            "do": "look", "path": .string(path), "read": .array(attributes.map { .string($0) }),
            "compare": .bool(comparing),
        ]
        let left = mostLost - worker.lost
        guard left > .zero,
            let answer = try worker.ask(request, until: Clock.now + min(left, Self.patience))
        else {
            observed.blocked.append(path)
            return []
        }
        for (name, value) in Self.texts(answer["texts"]) {
            observed.attributes["\(path)/\(name)"] = value
        }
        for (name, value) in Self.texts(answer["links"]) {
            observed.links["\(path)/\(name)"] = value
        }
        for secret in (answer["secrets"]?.array ?? []).compactMap(\.string) {
            observed.secrets.insert("\(path)/\(secret)")
        }
        return (answer["names"]?.array ?? []).compactMap(\.string)
    }

    private static func texts(_ json: JSON?) -> [(String, String)] {
        guard case .object(let members) = json else { return [] }
        return members.compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
    }
}

// MARK: In the worker

extension ConfigTree {
    /// `{names, texts, links, secrets}` of one directory; names only of directories and links.
    static func look(_ request: JSON) -> JSON {
        let directory = "\(root)/\(request["path"]?.string ?? "")"
        let entries = Files.entries(in: directory)
        var links: [JSON.Member] = []
        for entry in entries where entry.kind == .link {
            guard let target = Files.linkTarget("\(directory)/\(entry.name)") else { continue }
            // The kernel shows it relative: ../../../../../target/core/iblock_0/NAME.
            let parts = target.split(separator: "/").map(String.init)
            let start = parts.firstIndex(of: "target").map { $0 + 1 } ?? 0
            links.append(.init(entry.name, .string(parts[start...].joined(separator: "/"))))
        }
        let texts = (request["read"]?.array ?? []).compactMap(\.string)
            .compactMap { name -> JSON.Member? in
                // Some attributes end with blanks or NULs after the line end.
                Files.text("\(directory)/\(name)").map { text in
                    .init(
                        name,
                        .string(String(text.reversed().drop { $0 == " " || $0 == "\0" }.reversed()))
                    )
                }
            }
        let names = entries.filter { $0.kind == .directory }.map { JSON.string($0.name) }
        let isCompared = request["compare"]?.bool == true
        return [
            "names": .array(names), "texts": .object(texts), "links": .object(links),
            "secrets": .array(isCompared ? passwordsOfOurs(in: directory) : []),
        ]
    }

    /// The attributes in `directory` that hold the secrets of this machine, each where it belongs.
    private static func passwordsOfOurs(in directory: String) -> [JSON] {
        Secret.allCases.compactMap { which in
            guard let secret = try? CHAPSecret(which) else { return nil }
            return [which.attribute, "auth/\(which.attribute)"]
                .first { secret.isHeld(by: "\(directory)/\($0)") }.map { .string($0) }
        }
    }
}
