/// What the kernel's command line says about encrypted devices, in systemd's and dracut's words and in Arch's.
/// Source: systemd-cryptsetup-generator(8); dracut.cmdline(7); mkinitcpio's hooks/encrypt.
package struct KernelLine: Equatable, Sendable {
    /// `rd.luks=0`: nothing is opened unasked.
    package private(set) var isDisabled = false
    /// `rd.luks.crypttab=0`: /etc/crypttab says nothing.
    package private(set) var ignoresCrypttab = false
    /// What cannot be used, a sentence for each.
    package private(set) var complaints: [String] = []

    /// UUIDs in the order in which they are first named, each with what is said about it.
    private var wishes: [Wish] = []
    private var everywhere = Wish(uuid: "")
    private var arch: CryptTab.Entry?
    private var archKey: String?

    private struct Wish: Equatable, Sendable {
        let uuid: String
        /// `luks.uuid=`, `luks.name=`, `luks.data=` ask for it; `luks.options=` and `luks.key=` alone do not.
        var isWanted = false
        var name: String?
        var key: String?
        var data: String?
        var options: [UInt8] = []
    }

    /// - Parameter line: /proc/cmdline; double quotes keep spaces together, as in the kernel.
    package init(parsing line: [UInt8]) {
        for word in Self.words(line) { take(word) }
        if var entry = arch, let key = archKey {
            entry.key = key
            arch = entry
        }
    }

    /// The mappings that are asked for, given the entries of /etc/crypttab.
    ///
    /// An entry whose UUID is named here keeps its name, key and options where the command line says nothing else. In an
    /// initramfs the entries that are not named are then left for the system that comes after it.
    package func targets(
        crypttab: [CryptTab.Entry], isInitramfs: Bool
    ) -> [UnlockTarget] {
        guard !isDisabled else { return [] }
        let tab = ignoresCrypttab ? [] : crypttab
        var targets: [UnlockTarget] = []
        var used: Set<String> = []
        for wish in wishes where wish.isWanted {
            let known = tab.first { Self.uuid(of: $0.source) == wish.uuid }
            if let known { used.insert(known.name) }
            targets.append(.init(entry(wish, known), .kernelLine))
        }
        let namesUUIDs = !targets.isEmpty
        if let arch { targets.append(.init(arch, .kernelLine)) }
        if !(isInitramfs && namesUUIDs) {
            targets += tab.filter { !used.contains($0.name) && $0.name != arch?.name }
                .map { .init($0, .crypttab) }
        }
        return targets
    }

    private func entry(_ wish: Wish, _ known: CryptTab.Entry?) -> CryptTab.Entry {
        var options = known?.options ?? UnlockOptions()
        options.add(wish.options.isEmpty ? everywhere.options : wish.options)
        return .init(
            name: wish.name ?? known?.name ?? "luks-" + wish.uuid,
            source: wish.data ?? known?.source ?? "UUID=" + wish.uuid,
            key: wish.key ?? known?.key ?? everywhere.key ?? "none", options: options)
    }

    // MARK: Reading

    private mutating func take(_ word: [UInt8]) {
        let parts = word.split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first else { return }
        // The kernel takes - and _ for the same, and so does systemd.
        let name = String(decoding: first.map { $0 == 45 ? 95 : $0 }, as: UTF8.self)
        let value = parts.count > 1 ? Array(parts[1]) : nil
        switch name.hasPrefix("rd.") ? name.dropFirst(3) : name[...] {
        case "luks": isDisabled = Self.isFalse(value)
        case "luks.crypttab": ignoresCrypttab = Self.isFalse(value)
        case "luks.uuid":
            guard let uuid = uuid(value, name) else { return }
            change(uuid) { $0.isWanted = true }
        case "luks.name":
            guard let (uuid, mapping) = pair(value, name) else { return }
            guard CryptTab.isName(mapping) else {
                return complain(name, "'\(mapping)' cannot be a mapping's name")
            }
            change(uuid) {
                $0.isWanted = true
                $0.name = mapping
            }
        case "luks.data":
            guard let (uuid, device) = pair(value, name) else { return }
            change(uuid) {
                $0.isWanted = true
                $0.data = device
            }
        case "luks.options":
            guard let value else { return complain(name, "it needs a value") }
            perhaps(value) { wish, rest in wish.options = rest }
        case "luks.key":
            guard let value else { return complain(name, "it needs a value") }
            perhaps(value) { wish, rest in wish.key = String(decoding: rest, as: UTF8.self) }
        case "luks.allow_discards":
            if let value, let uuid = uuid(value, name) {
                change(uuid) { $0.options = Self.joined($0.options, "discard") }
            } else if value == nil {
                everywhere.options = Self.joined(everywhere.options, "discard")
            }
        case "cryptdevice": takeArch(value)
        case "cryptkey":
            guard let value else { return complain(name, "it needs a value") }
            let text = String(decoding: value, as: UTF8.self)
            // DEVICE:… is fetched by the hook itself, which asks when it cannot.
            archKey = text.hasPrefix("rootfs:") ? String(text.dropFirst(7)) : nil
        // No wait of davit's ends.
        case "luks.timeout": break
        case let word where word.hasPrefix("luks."):
            complain(name, "davit does not know it; name the disk by rd.luks.uuid=")
        default: break
        }
    }

    /// `cryptdevice=DEVICE:NAME[:OPTIONS]`; the device may be `UUID=…` and the like.
    private mutating func takeArch(_ value: [UInt8]?) {
        let fields = (value ?? []).split(
            separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count >= 2, let source = fields.first, !source.isEmpty else {
            return complain("cryptdevice", "it needs DEVICE:NAME")
        }
        let name = String(decoding: fields[1], as: UTF8.self)
        guard CryptTab.isName(name) else {
            return complain("cryptdevice", "'\(name)' cannot be a mapping's name")
        }
        // The hook's own words for what crypttab calls otherwise.
        let renamed = [
            "allow-discards": "discard", "perf-no_read_workqueue": "no-read-workqueue",
            "perf-no_write_workqueue": "no-write-workqueue",
        ]
        let words = (fields.count > 2 ? Array(fields[2]) : []).split(separator: UInt8(ascii: ","))
            .map { String(decoding: $0, as: UTF8.self) }
        let options = UnlockOptions(
            parsing: Array(words.map { renamed[$0] ?? $0 }.joined(separator: ",").utf8))
        complaints += options.complaints.map { "kernel line, cryptdevice=: \($0)" }
        arch = .init(
            name: name, source: String(decoding: source, as: UTF8.self), key: "none",
            options: options)
    }

    /// `UUID=REST` for one device, or `REST` for all.
    private mutating func perhaps(_ value: [UInt8], _ body: (inout Wish, [UInt8]) -> Void) {
        let parts = value.split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, let uuid = Self.uuid(Array(parts[0])) {
            change(uuid) { body(&$0, Array(parts[1])) }
        } else {
            body(&everywhere, value)
        }
    }

    private mutating func pair(_ value: [UInt8]?, _ name: String) -> (String, String)? {
        let parts = (value ?? []).split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let uuid = Self.uuid(Array(parts[0])), !parts[1].isEmpty else {
            complain(name, "it needs UUID=VALUE")
            return nil
        }
        return (uuid, String(decoding: parts[1], as: UTF8.self))
    }

    private mutating func uuid(_ value: [UInt8]?, _ name: String) -> String? {
        if let value, let uuid = Self.uuid(value) { return uuid }
        complain(name, "it needs a UUID")
        return nil
    }

    private mutating func change(_ uuid: String, _ body: (inout Wish) -> Void) {
        if let index = wishes.firstIndex(where: { $0.uuid == uuid }) {
            body(&wishes[index])
        } else {
            var wish = Wish(uuid: uuid)
            body(&wish)
            wishes.append(wish)
        }
    }

    private mutating func complain(_ name: String, _ reason: String) {
        complaints.append("kernel line, \(name)=: \(reason); it is ignored.")
    }

    /// 32 hexadecimal digits with or without dashes, perhaps after `luks-`; as libblkid writes them.
    private static func uuid(_ bytes: [UInt8]) -> String? {
        var text = String(decoding: bytes, as: UTF8.self).lowercased()
        if text.hasPrefix("luks-") { text.removeFirst(5) }
        let digits = text.filter { $0 != "-" }
        guard digits.utf8.count == 32, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            return nil
        }
        var uuid = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { uuid.append("-") }
            uuid.append(digit)
        }
        return uuid
    }

    private static func uuid(of source: String) -> String? {
        for prefix in ["UUID=", "/dev/disk/by-uuid/"] where source.hasPrefix(prefix) {
            return uuid(source.dropFirst(prefix.count).utf8.filter { $0 != UInt8(ascii: "\"") })
        }
        return nil
    }

    private static func joined(_ list: [UInt8], _ word: String) -> [UInt8] {
        list.isEmpty ? Array(word.utf8) : list + [UInt8(ascii: ",")] + Array(word.utf8)
    }

    /// systemd's words for no. - Parameter value: `nil`, without a value, is yes.
    private static func isFalse(_ value: [UInt8]?) -> Bool {
        let words = ["0", "no", "n", "false", "f", "off"]
        return value.map { words.contains(String(decoding: $0, as: UTF8.self).lowercased()) }
            ?? false
    }

    private static func words(_ line: [UInt8]) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        var isQuoted = false
        for byte in line {
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case 0...32 where !isQuoted:
                if !word.isEmpty { words.append(word) }
                word = []
            default: word.append(byte)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}
