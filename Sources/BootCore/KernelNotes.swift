/// What the kernel said that a person at a dead machine should know, in words, counted.
package struct KernelNotes: Sendable {
    package struct Note: Sendable, Equatable {
        /// The row's name, for programs.
        package let name: String
        package let words: String
        package internal(set) var count: Int
        /// Time since boot when it was last said.
        package internal(set) var last: Duration
        /// The kernel's own line, the last one.
        package internal(set) var line: String
    }

    private struct Row {
        let name: String
        let sign: StaticString
        let words: String
    }

    /// The first row whose sign is in a line counts, so the special ones come first.
    private static let rows = [
        Row(
            name: "medium-error", sign: "critical medium error",
            words: "a disk cannot read what it stored: copy it (ddrescue) before any repair"),
        Row(
            name: "io-error", sign: "I/O error",
            words: "a disk or its cable fails: look which one the line names, and copy it first"),
        Row(
            name: "out-of-memory", sign: "Out of memory: Killed process",
            words: "memory ran out and the kernel ended a process"),
        Row(
            name: "hung-task", sign: "blocked for more than",
            words: "a process hangs in the kernel, most often on a disk that does not answer"),
        Row(
            name: "lockup", sign: "soft lockup",
            words: "a processor was stuck; should it go on: davit reboot --now"),
        Row(
            name: "oops", sign: "Oops:",
            words: "the kernel tripped over a mistake of its own; reboot before you write to disks"),
        Row(
            name: "bug", sign: "BUG:",
            words: "the kernel tripped over a mistake of its own; reboot before you write to disks"),
        Row(
            name: "firmware-missing", sign: "Direct firmware load for",
            words: "a driver's firmware is not in this initramfs, so that its device may not work"),
        Row(
            name: "journal-deadlock", sign: "journal_reclaim_would_deadlock",
            words:
                "bcachefs cannot replay its journal in this kernel: 'davit repair' says what helps"),
        Row(
            name: "members-missing", sign: "insufficient_devices_to_start",
            words: "bcachefs lacks members: 'davit repair' and 'davit unlock --list' name them"),
        Row(
            name: "too-hot", sign: "temperature above threshold",
            words: "the processor is too hot and is slowed down"),
    ]

    package private(set) var notes: [Note] = []

    package init() {}

    /// Takes one record of /dev/kmsg: `priority,sequence,microseconds,flags;text`.
    /// Source: Documentation/ABI/testing/dev-kmsg.
    package mutating func take(_ record: some Collection<UInt8>) {
        guard let semicolon = record.firstIndex(of: UInt8(ascii: ";")) else { return }
        let text = record[record.index(after: semicolon)...].prefix { $0 != UInt8(ascii: "\n") }
        guard let row = Self.rows.first(where: { Self.holds(text, $0.sign) }) else { return }
        let fields = record[..<semicolon].split(separator: UInt8(ascii: ","))
        let microseconds =
            fields.count > 2 ? Int64(String(decoding: fields[2], as: UTF8.self)) ?? 0 : 0
        let last = Duration.microseconds(microseconds)
        let line = String(decoding: text, as: UTF8.self)
        if let index = notes.firstIndex(where: { $0.name == row.name }) {
            notes[index].count += 1
            notes[index].last = last
            notes[index].line = line
        } else {
            notes.append(Note(name: row.name, words: row.words, count: 1, last: last, line: line))
        }
    }

    /// Not `String.contains(String)`, which is part of the regular expressions: 1.3 MB in the static program.
    private static func holds(_ text: some Collection<UInt8>, _ sign: StaticString) -> Bool {
        sign.withUTF8Buffer { sign in
            var rest = text[...]
            while rest.count >= sign.count {
                if rest.starts(with: sign) { return true }
                rest = rest.dropFirst()
            }
            return false
        }
    }
}
