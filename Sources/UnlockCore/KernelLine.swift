/// What the kernel's command line says about encrypted devices, in systemd's and dracut's words and in Arch's.
/// Source: systemd-cryptsetup-generator(8); dracut.cmdline(7); mkinitcpio's hooks/encrypt.
package struct KernelLine: Equatable, Sendable {
    /// `rd.luks=0`: nothing is opened unasked.
    package private(set) var isDisabled = false
    /// `rd.luks.crypttab=0`: /etc/crypttab says nothing.
    package private(set) var ignoresCrypttab = false
    /// What cannot be used, a sentence for each.
    package private(set) var complaints: [String] = []

    /// Disks in the order in which they are first named, each with what is said about it.
    private var wishes: [Wish] = []
    private var everywhere = Words()
    private var arch: CryptTab.Entry?
    private var archKey: String?

    private struct Wish: Equatable, Sendable {
        var disk: DiskName
        /// `luks.options=` and `luks.key=` alone ask for nothing.
        var isWanted = false
        var words = Words()
    }

    /// What is said about one disk, or about all.
    private struct Words: Equatable, Sendable {
        var name: String?
        var key: String?
        var data: String?
        var options: [UInt8] = []
    }

    /// - Parameter line: /proc/cmdline; double quotes keep spaces together, as in the kernel.
    package init(parsing line: [UInt8]) {
        let words = Self.words(line).map { word in
            let parts = word.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            // The kernel takes - and _ for the same, and so does systemd.
            let name = String(decoding: parts[0].map { $0 == 45 ? 95 : $0 }, as: UTF8.self)
            return (name: name, value: parts.count > 1 ? Array(parts[1]) : nil)
        }
        // First what asks for a disk: the other words name it by the same text, before or behind.
        for word in words { take(asking: word.name, word.value) }
        for word in words { take(word.name, word.value) }
        for list in wishes.map(\.words.options) + [everywhere.options] {
            complaints += UnlockOptions(parsing: list).complaints.map {
                "kernel line, luks.options=: \($0)"
            }
        }
        joinBeginnings()
        if var entry = arch, let key = archKey {
            entry.key = key
            arch = entry
        }
    }

    private static func bareName(_ name: String) -> Substring {
        name.hasPrefix("rd.") ? name.dropFirst(3) : name[...]
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
            // Two that fit are left to the disks that are there.
            let fitting = tab.filter { wish.disk.fits($0.source) }
            let known = fitting.count == 1 || wish.disk.isWhole ? fitting.first : nil
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
        let words = wish.words
        var options = known?.options ?? UnlockOptions()
        options.add(words.options.isEmpty ? everywhere.options : words.options)
        return .init(
            name: words.name ?? known?.name ?? "luks-" + wish.disk.text,
            source: words.data ?? known?.source ?? wish.disk.source,
            key: words.key ?? known?.key ?? everywhere.key ?? "none", options: options)
    }

    // MARK: Reading

    private mutating func take(asking name: String, _ value: [UInt8]?) {
        let kind: DiskName.Kind
        let expected: String
        switch Self.bareName(name) {
        case "luks.uuid": (kind, expected) = (.uuid, "a UUID or the beginning of one")
        case "luks.partuuid":
            (kind, expected) = (.partitionUUID, "a partition's UUID or the beginning of one")
        case "luks.serial": (kind, expected) = (.serial, "a drive's serial number")
        default: return
        }
        guard let disk = DiskName(value ?? [], kind) else {
            return complain(name, "it needs \(expected)")
        }
        let index = index(of: disk)
        wishes[index].isWanted = true
    }

    private mutating func take(_ name: String, _ value: [UInt8]?) {
        switch Self.bareName(name) {
        case "luks": isDisabled = Self.isFalse(value)
        case "luks.crypttab": ignoresCrypttab = Self.isFalse(value)
        case "luks.uuid", "luks.partuuid", "luks.serial": break
        case "luks.name":
            guard let (index, mapping) = pair(value, name) else { return }
            guard CryptTab.isName(mapping) else {
                return complain(name, "'\(mapping)' cannot be a mapping's name")
            }
            wishes[index].isWanted = true
            wishes[index].words.name = mapping
        case "luks.data":
            guard let (index, device) = pair(value, name) else { return }
            wishes[index].isWanted = true
            wishes[index].words.data = device
        case "luks.options":
            guard let value else { return complain(name, "it needs a value") }
            perhaps(value) { words, rest in words.options = rest }
        case "luks.key":
            guard let value else { return complain(name, "it needs a value") }
            perhaps(value) { words, rest in words.key = String(decoding: rest, as: UTF8.self) }
        case "luks.allow_discards":
            if let value {
                guard let disk = named(value) ?? DiskName(value, .uuid) else {
                    return complain(name, "it needs a UUID or the beginning of one")
                }
                let index = index(of: disk)
                wishes[index].words.options = Self.joined(wishes[index].words.options, "discard")
            } else {
                everywhere.options = Self.joined(everywhere.options, "discard")
            }
        case "cryptdevice": takeArch(value)
        case "cryptkey":
            guard let value else { return complain(name, "it needs a value") }
            let text = String(decoding: value, as: UTF8.self)
            // DEVICE:… is fetched by the hook itself, which asks when it cannot.
            archKey = text.hasPrefix("rootfs:") ? String(text.dropFirst(7)) : nil
        // No wait of davit's ends.
        case "luks.timeout", "luks.key.tout": break
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

    /// `DISK=REST` for one device, or `REST` for all. A disk is named by its whole UUID here, or as another word has it:
    /// an option's name may read like the beginning of a UUID.
    private mutating func perhaps(_ value: [UInt8], _ body: (inout Words, [UInt8]) -> Void) {
        let parts = value.split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let disk = parts.count < 2 ? nil : named(parts[0]) ?? DiskName(parts[0], .uuid)
        if let disk, disk.isWhole || wishes.contains(where: { $0.disk == disk }) {
            body(&wishes[index(of: disk)].words, Array(parts[1]))
        } else {
            body(&everywhere, value)
        }
    }

    private mutating func pair(_ value: [UInt8]?, _ name: String) -> (Int, String)? {
        let parts = (value ?? []).split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty,
            let disk = named(parts[0]) ?? DiskName(parts[0], .uuid)
        else {
            complain(name, "it needs UUID=VALUE")
            return nil
        }
        return (index(of: disk), String(decoding: parts[1], as: UTF8.self))
    }

    /// The disk that another word asks for by this text: a partition's UUID or a serial number as well.
    private func named(_ text: some Collection<UInt8>) -> DiskName? {
        let bare = DiskName.bare(text)
        return wishes.first { $0.isWanted && $0.disk.text == bare }?.disk
    }

    private mutating func index(of disk: DiskName) -> Int {
        if let index = wishes.firstIndex(where: { $0.disk == disk }) { return index }
        wishes.append(Wish(disk: disk))
        return wishes.count - 1
    }

    /// A UUID and its beginning are one disk, where the line has only one that begins so.
    private mutating func joinBeginnings() {
        for short in wishes where !short.disk.isWhole {
            let whole = wishes.indices.filter { short.disk.isBeginning(of: wishes[$0].disk) }
            guard whole.count == 1, let index = whole.first else { continue }
            let other = short.words
            wishes[index].isWanted = wishes[index].isWanted || short.isWanted
            wishes[index].words.name = wishes[index].words.name ?? other.name
            wishes[index].words.key = wishes[index].words.key ?? other.key
            wishes[index].words.data = wishes[index].words.data ?? other.data
            if !other.options.isEmpty {
                wishes[index].words.options =
                    other.options + [UInt8(ascii: ",")] + wishes[index].words.options
            }
            wishes.removeAll { $0.disk == short.disk }
        }
    }

    private mutating func complain(_ name: String, _ reason: String) {
        complaints.append("kernel line, \(name)=: \(reason); it is ignored.")
    }

    private static func joined(_ list: [UInt8], _ word: String) -> [UInt8] {
        list + [UInt8(ascii: ",")] + Array(word.utf8)
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
