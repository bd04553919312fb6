/// What an unpacked module says of itself: the NUL-separated `key=value` texts of its ELF section `.modinfo`.
/// Source: include/linux/moduleinfo.h, scripts/mod/modpost.c.
package struct ModuleImage: Sendable, Equatable {
    /// Spelled with `_` in place of `-`, as the kernel lists it.
    package let name: String
    package let dependencies: [String]
    /// The kernel release that it is built for.
    package let release: String

    /// - Throws: the reason in words when `bytes` are no module for any Linux.
    package init(_ bytes: [UInt8]) throws(Malformed) {
        let info = try ELFSections(bytes).content(of: ".modinfo")
        var fields: [Substring: Substring] = [:]
        for entry in info.split(separator: 0) {
            let text = String(decoding: entry, as: UTF8.self)
            guard let equals = text.firstIndex(of: "=") else { continue }
            let key = text[..<equals]
            if fields[key] == nil { fields[key] = text[text.index(after: equals)...] }
        }
        guard let magic = fields["vermagic"] else {
            throw Malformed("it does not say which kernel it is built for")
        }
        name = Self.canonical(String(fields["name"] ?? ""))
        dependencies = (fields["depends"] ?? "").split(separator: ",").map {
            Self.canonical(String($0))
        }
        release = magic.split(separator: " ").first.map(String.init) ?? ""
    }

    package struct Malformed: Error, Equatable {
        package let reason: String
        package init(_ reason: String) { self.reason = reason }
    }

    /// The kernel takes `-` and `_` in module names for the same.
    package static func canonical(_ name: String) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
