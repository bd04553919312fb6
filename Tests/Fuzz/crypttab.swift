import UnlockCore

/// The first byte chooses: a crypttab, a kernel's command line, both together, or a question of systemd's.
func fuzz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let rest = Array(input.dropFirst())
    switch first % 4 {
    case 0: check(CryptTab(parsing: rest).entries)
    case 1: readLine(rest, [])
    case 2:
        let halves = rest.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { return }
        readLine(Array(halves[0]), CryptTab(parsing: Array(halves[1])).entries)
    default: readQuestion(rest)
    }
}

private func check(_ entries: [CryptTab.Entry]) {
    for entry in entries {
        claim(
            !entry.name.isEmpty && entry.name.utf8.count <= 127 && !entry.name.utf8.contains(47)
                && !entry.name.utf8.contains(0) && entry.name != "." && entry.name != "..",
            "a name that the device mapper would not take: \(entry.name)")
        let options = entry.options
        claim(options.tries >= 0 && options.keyfileOffset >= 0, "a negative number")
        claim(options.keyfileSize ?? 1 > 0, "an empty key")
        claim(options.header != "", "an empty path")
    }
}

private func readLine(_ bytes: [UInt8], _ tab: [CryptTab.Entry]) {
    let line = KernelLine(parsing: bytes)
    for isInitramfs in [true, false] {
        let targets = line.targets(crypttab: tab, isInitramfs: isInitramfs)
        claim(!line.isDisabled || targets.isEmpty, "something is opened in spite of rd.luks=0")
        check(targets.map(\.entry))
    }
}

private func readQuestion(_ bytes: [UInt8]) {
    guard let question = AskFile(parsing: bytes) else { return }
    claim(question.pid > 0 && question.socket.hasPrefix("/"), "nobody to answer")
    claim(
        question.message.unicodeScalars.allSatisfy {
            $0.value >= 32 && $0.value != 127 && !(0x80..<0xA0).contains($0.value)
        }, "a message that steers the terminal")
    _ = question.device
}
