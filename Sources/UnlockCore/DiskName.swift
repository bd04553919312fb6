/// How the kernel's command line names an encrypted disk: by a UUID of its header, its partition's UUID, or its drive's
/// serial number; dracut takes the beginning of a UUID for the whole.
/// Source: dracut.cmdline(7); dracut modules.d/90crypt/parse-crypt.sh.
struct DiskName: Equatable, Sendable {
    enum Kind: Sendable {
        case uuid
        case partitionUUID
        case serial
    }

    let kind: Kind
    /// As it was typed, without `keysource:` and `luks-`; a whole UUID as libblkid writes it.
    let text: String

    /// - Returns: `nil` for what cannot be a UUID or its beginning, or a serial number.
    init?(_ bytes: some Collection<UInt8>, _ kind: Kind) {
        self.kind = kind
        let bare = Self.bare(bytes)
        switch kind {
        case .uuid:
            guard let text = Self.beginning(bare) else { return nil }
            self.text = Self.whole(text) ?? text
        case .partitionUUID:
            guard let text = Self.beginning(bare) else { return nil }
            self.text = text
        case .serial:
            guard !bare.isEmpty, CryptTab.isName("luks-" + bare) else { return nil }
            text = bare
        }
    }

    /// What stands before a disk's name and is no part of it: dracut asks for the one that holds keys first.
    static func bare(_ bytes: some Collection<UInt8>) -> String {
        var text = Substring(decoding: bytes, as: UTF8.self)
        for prefix in ["keysource:", "luks-"] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.utf8.count)
        }
        return String(text)
    }

    /// Where to look for it, in the words of a crypttab; a UUID that is not whole ends with an asterisk.
    var source: String {
        switch kind {
        case .uuid: "UUID=" + text + (isWhole ? "" : "*")
        case .partitionUUID: "PARTUUID=" + text + (isWhole ? "" : "*")
        case .serial: "SERIAL=" + text
        }
    }

    /// Whether no other disk's name begins so.
    var isWhole: Bool {
        switch kind {
        case .uuid: digits.count == 32
        // A DOS partition table gives its partitions its own eight digits, and two for the number.
        case .partitionUUID:
            digits.count == 32 || text.split(separator: "-").map(\.count) == [8, 2]
        case .serial: true
        }
    }

    /// Whether a crypttab's entry for `source` is for this disk.
    func fits(_ source: String) -> Bool {
        let tags: [String]
        switch kind {
        case .uuid: tags = ["UUID=", "/dev/disk/by-uuid/"]
        case .partitionUUID: tags = ["PARTUUID=", "/dev/disk/by-partuuid/"]
        case .serial: tags = []
        }
        guard let tag = tags.first(where: { source.hasPrefix($0) }) else { return false }
        let other = source.dropFirst(tag.count).lowercased().filter { $0 != "-" && $0 != "\"" }
        return isWhole ? other == digits : other.hasPrefix(digits)
    }

    /// Whether this is the beginning of a whole UUID.
    func isBeginning(of other: DiskName) -> Bool {
        kind == other.kind && !isWhole && other.isWhole && other.digits.hasPrefix(digits)
    }

    private var digits: String { text.filter { $0 != "-" } }

    private static func beginning(_ text: String) -> String? {
        let digits = text.filter { $0 != "-" }
        guard (1...32).contains(digits.utf8.count), text.utf8.count <= 36, text.first != "-",
            digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        return text.lowercased()
    }

    /// 32 hexadecimal digits with or without dashes, as libblkid writes them.
    private static func whole(_ text: String) -> String? {
        let digits = text.filter { $0 != "-" }
        guard digits.utf8.count == 32 else { return nil }
        var uuid = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { uuid.append("-") }
            uuid.append(digit)
        }
        return uuid
    }
}
