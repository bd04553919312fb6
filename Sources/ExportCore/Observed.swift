/// What configfs holds: a copy of the parts of its `target` directory that davit decides by. Paths are relative to it.
package struct Observed: Equatable, Sendable {
    package var directories: Set<String> = []
    /// Contents of attributes, without the line end.
    package var attributes: [String: String] = [:]
    /// Symbolic links, each with the path that it leads to.
    package var links: [String: String] = [:]
    /// Attributes that hold the secret of this machine that belongs there; their contents are kept nowhere.
    package var secrets: Set<String> = []
    /// Directories that could not be listed in time: what is in them is not known.
    package var blocked: [String] = []

    package init() {}

    /// The directories directly in `path`, sorted so that lun_2 comes before lun_10.
    package func children(of path: String) -> [String] {
        // The depth keeps this from comparing every path with every other by its whole length.
        let prefix = path + "/"
        return directories.filter {
            $0.hasPrefix(prefix)
                && !$0.utf8.dropFirst(prefix.utf8.count).contains(UInt8(ascii: "/"))
        }.sorted(by: Self.inOrder)
    }

    /// The links directly in `path`, sorted.
    package func links(in path: String) -> [String] {
        let prefix = path + "/"
        return links.keys.filter {
            $0.hasPrefix(prefix)
                && !$0.utf8.dropFirst(prefix.utf8.count).contains(UInt8(ascii: "/"))
        }.sorted(by: Self.inOrder)
    }

    /// Whether the result of a making step is there already.
    package func shows(_ step: Step) -> Bool {
        switch step {
        case .makeDirectory(let path):
            directories.contains(path)
        case .link(let path, let target):
            // Other tools give the link a name of their own; where it leads to is what counts.
            links(in: Self.parent(path)).contains { links[$0] == target }
        case .write(.secret, let path):
            secrets.contains(path)
        case .write(.text(let text), let path):
            holds(text, at: path)
        case .removeLink(let path):
            links[path] == nil
        case .removeDirectory(let path):
            !directories.contains(path)
        }
    }

    private func holds(_ text: String, at path: String) -> Bool {
        let directory = Self.parent(path)
        switch path.split(separator: "/").last {
        case "control":
            // `control` cannot be read; each of its settings is seen elsewhere.
            let info = info(of: directory)
            return text == "readonly=1"
                ? info.isReadOnly : info.path.map { text == "udev_path=\($0)" } ?? false
        case "vpd_unit_serial":
            return serial(of: Self.parent(directory)) == text
        default:
            return attributes[path] == text
        }
    }

    /// The unit serial number of a backstore; it reads back with a label in front.
    package func serial(of backstore: String) -> String? {
        guard let text = attributes["\(backstore)/wwn/vpd_unit_serial"] else { return nil }
        guard let colon = text.lastIndex(of: ":") else { return text }
        return String(text[text.index(after: colon)...].drop { $0 == " " })
    }

    package func isEnabled(_ path: String) -> Bool { attributes["\(path)/enable"] == "1" }

    package func info(of backstore: String) -> BackstoreInfo {
        BackstoreInfo(attributes["\(backstore)/info"] ?? "")
    }

    static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// By the length first, so that numbers without leading zeros come in their order.
    private static func inOrder(_ one: String, _ other: String) -> Bool {
        (one.utf8.count, one) < (other.utf8.count, other)
    }
}
