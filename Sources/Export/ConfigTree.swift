import ExportCore
import LinuxKit

/// Reads what configfs holds into a value.
enum ConfigTree {
    static var mountPoint: String { Roots.sys + "/kernel/config" }
    static var root: String { mountPoint + "/target" }

    /// Looks at everybody's targets and backstores; nothing is there while configfs is not mounted.
    /// - Parameter secret: the secret of this machine, to compare with; what is read is kept nowhere.
    static func observe(comparing secret: borrowing CHAPSecret) -> Observed {
        var observed = Observed()
        lookAtBackstores(&observed)
        guard Files.exists("\(root)/iscsi") else { return observed }
        observed.directories.insert(Layout.fabric)
        observed.read("userid", "enforce_discovery_auth", in: Layout.discovery)
        observed.compare(Layout.discovery, with: secret)
        for name in Files.names(in: "\(root)/iscsi") where (try? IQN(name)) != nil {
            let target = "iscsi/\(name)"
            observed.directories.insert(target)
            for group in Files.names(in: "\(root)/\(target)") where group.hasPrefix("tpgt_") {
                lookAtGroup("\(target)/\(group)", &observed, secret)
            }
        }
        return observed
    }

    private static func lookAtBackstores(_ observed: inout Observed) {
        for adapter in Files.names(in: "\(root)/core")
        where adapter.utf8.contains(UInt8(ascii: "_")) {
            let path = "core/\(adapter)"
            observed.directories.insert(path)
            for name in Files.names(in: "\(root)/\(path)") {
                let backstore = "\(path)/\(name)"
                guard Files.exists("\(root)/\(backstore)/wwn") else { continue }
                observed.directories.insert(backstore)
                observed.read(
                    "info", "enable", "wwn/vpd_unit_serial", "attrib/emulate_tpu",
                    "attrib/emulate_tpws", in: backstore)
            }
        }
    }

    private static func lookAtGroup(
        _ group: String, _ observed: inout Observed, _ secret: borrowing CHAPSecret
    ) {
        observed.directories.insert(group)
        observed.read(
            "enable", "dynamic_sessions", "param/AuthMethod", "auth/userid",
            "attrib/authentication", "attrib/generate_node_acls",
            "attrib/demo_mode_write_protect", "attrib/prod_mode_write_protect", in: group)
        observed.compare(group + "/auth", with: secret)
        for name in Files.names(in: "\(root)/\(group)/lun") where name.hasPrefix("lun_") {
            observed.directories.insert("\(group)/lun/\(name)")
            observed.readLinks(in: "\(group)/lun/\(name)")
        }
        for name in Files.names(in: "\(root)/\(group)/np") {
            observed.directories.insert("\(group)/np/\(name)")
        }
        for name in Files.names(in: "\(root)/\(group)/acls") {
            let list = "\(group)/acls/\(name)"
            observed.directories.insert(list)
            observed.read("info", "auth/userid", in: list)
            observed.compare(list + "/auth", with: secret)
            for lun in Files.names(in: "\(root)/\(list)") where lun.hasPrefix("lun_") {
                observed.directories.insert("\(list)/\(lun)")
                observed.read("write_protect", in: "\(list)/\(lun)")
                observed.readLinks(in: "\(list)/\(lun)")
            }
        }
    }
}

extension Observed {
    fileprivate mutating func read(_ names: String..., in directory: String) {
        for name in names {
            let path = "\(directory)/\(name)"
            // Some attributes end with blanks or NULs after the line end.
            if let text = Files.text("\(ConfigTree.root)/\(path)") {
                attributes[path] = String(
                    text.reversed().drop { $0 == " " || $0 == "\0" }.reversed())
            }
        }
    }

    fileprivate mutating func compare(_ directory: String, with secret: borrowing CHAPSecret) {
        let path = "\(directory)/password"
        if secret.isHeld(by: "\(ConfigTree.root)/\(path)") { secrets.insert(path) }
    }

    fileprivate mutating func readLinks(in directory: String) {
        for name in Files.names(in: "\(ConfigTree.root)/\(directory)") {
            let path = "\(directory)/\(name)"
            guard let target = Files.linkTarget("\(ConfigTree.root)/\(path)") else { continue }
            // The kernel shows it relative: ../../../../../target/core/iblock_0/NAME.
            let parts = target.split(separator: "/").map(String.init)
            let start = parts.firstIndex(of: "target").map { $0 + 1 } ?? 0
            links[path] = parts[start...].joined(separator: "/")
        }
    }
}
