import ExportCore

/// The rules of the kernel's target as far as the order of steps depends on them, on the values of the core. Source:
/// what configfs answered on Linux 6.1 and 6.12.
struct FakeKernel {
    struct Refused: Error, Equatable {
        let step: Step
        let why: String
    }

    var observed = Observed()
    private(set) var performed: [Step] = []

    mutating func perform(_ step: Step) throws(Refused) {
        func refuse(_ why: String) -> Refused { Refused(step: step, why: why) }
        let parent = Self.parent(step.path)
        switch step {
        case .makeDirectory(let path):
            guard !observed.directories.contains(path) else { throw refuse("EEXIST") }
            guard exists(parent) else { throw refuse("ENOENT") }
            observed.directories.insert(path)
            if path.hasPrefix("core/"), path.contains("davit.") {
                observed.attributes["\(path)/enable"] = "0"
                observed.attributes["\(path)/attrib/emulate_tpu"] = "0"
                observed.attributes["\(path)/attrib/emulate_tpws"] = "0"
            }
        case .write(let value, let path):
            try write(value, path, step)
        case .link(let path, let target):
            guard exists(parent) else { throw refuse("ENOENT") }
            guard observed.links(in: parent).isEmpty else { throw refuse("EEXIST") }
            if target.hasPrefix("core/"), observed.attributes["\(target)/enable"] != "1" {
                throw refuse("ENODEV")
            }
            guard exists(target) else { throw refuse("ENOENT") }
            observed.links[path] = target
        case .removeLink(let path):
            guard observed.links.removeValue(forKey: path) != nil else { throw refuse("ENOENT") }
        case .removeDirectory(let path):
            guard observed.directories.contains(path) else { throw refuse("ENOENT") }
            // The kernel's own subdirectories, such as lun and np, go by themselves when they are empty.
            let inside = observed.directories.contains { $0.hasPrefix(path + "/") }
            guard !inside, observed.links(in: path).isEmpty else { throw refuse("ENOTEMPTY") }
            guard !observed.links.values.contains(path) else { throw refuse("EBUSY") }
            observed.directories.remove(path)
            observed.attributes = observed.attributes.filter { !$0.key.hasPrefix(path + "/") }
            observed.secrets = observed.secrets.filter { !$0.hasPrefix(path + "/") }
        }
        performed.append(step)
    }

    private mutating func write(
        _ value: Value, _ path: String, _ step: Step
    ) throws(Refused) {
        func refuse(_ why: String) -> Refused { Refused(step: step, why: why) }
        let directory = Self.parent(path)
        let text: String
        switch value {
        case .secret(let secret):
            guard path == "\(directory)/\(secret.attribute)" else { throw refuse("the other one") }
            observed.secrets.insert(path)
            return
        case .text(let some): text = some
        }
        if path.hasSuffix("/control") {
            guard exists(directory) else { throw refuse("ENOENT") }
            guard observed.attributes["\(directory)/enable"] != "1" else { throw refuse("EEXIST") }
            let info = observed.info(of: directory)
            let device = text.hasPrefix("udev_path=") ? String(text.dropFirst(10)) : info.path
            let readOnly = text == "readonly=1" || info.isReadOnly
            observed.attributes["\(directory)/info"] =
                "Status: DEACTIVATED\n  iBlock device: x"
                + (device.map { "  UDEV PATH: \($0)" } ?? "") + "  readonly: \(readOnly ? 1 : 0)\n"
                + "        Major: 0 Minor: 0"
        } else if path.hasSuffix("/wwn/vpd_unit_serial") {
            let backstore = Self.parent(directory)
            guard !observed.links.values.contains(backstore) else { throw refuse("EINVAL") }
            observed.attributes[path] = "T10 VPD Unit Serial Number: \(text)"
        } else if path.hasPrefix("core/"), path.hasSuffix("/enable") {
            guard observed.attributes[path] != "1" else { throw refuse("EEXIST") }
            guard observed.info(of: directory).path != nil else { throw refuse("EINVAL") }
            observed.attributes[path] = "1"
        } else {
            observed.attributes[path] = text
            if text == "NULL" { observed.secrets.remove(path) }
        }
    }

    /// Some directories come with the one above them.
    private func exists(_ path: String) -> Bool {
        let last = path.split(separator: "/").last ?? ""
        if path == "core" || path == "" { return true }
        if ["lun", "np", "acls", "attrib", "auth", "param"].contains(last) {
            return observed.directories.contains(Self.parent(path))
        }
        return observed.directories.contains(path)
    }

    private static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}
