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

    /// One note: its name, the signs of which a line must hold one, and the words.
    private typealias Row = (name: String, signs: [StaticString], words: String)

    /// The first row with a sign that is in a line counts, so the special ones come first.
    private static let rows: [Row] = [
        (
            "medium-error", ["critical medium error"],
            "a disk cannot read what it stored: copy it (ddrescue) before any repair"
        ),
        (
            "io-error", ["I/O error"],
            "a disk or its cable fails: look which one the line names, and copy it first"
        ),
        (
            "out-of-memory", ["Out of memory: Killed process"],
            "memory ran out and the kernel ended a process"
        ),
        (
            "hung-task", ["blocked for more than"],
            "a process hangs in the kernel, most often on a disk that does not answer"
        ),
        (
            "lockup", ["soft lockup"],
            "a processor was stuck; should it go on: davit reboot --now"
        ),
        (
            "oops", ["Oops:", "BUG:"],
            "the kernel tripped over a mistake of its own; reboot before you write to disks"
        ),
        (
            "firmware-missing", ["Direct firmware load for"],
            "a driver's firmware is not in this initramfs, so that its device may not work"
        ),
        (
            "journal-deadlock", ["journal_reclaim_would_deadlock"],
            "bcachefs cannot replay its journal in this kernel: 'davit repair' says what helps"
        ),
        (
            "members-missing", ["insufficient_devices_to_start"],
            "bcachefs lacks members: 'davit repair' and 'davit unlock --list' name them"
        ),
        (
            "too-hot", ["temperature above threshold"],
            "the processor is too hot and is slowed down"
        ),
    ]

    package private(set) var notes: [Note] = []

    package init() {}

    /// Takes one record of /dev/kmsg: `priority,sequence,microseconds,flags;text`.
    /// Source: Documentation/ABI/testing/dev-kmsg.
    package mutating func take(_ record: some Collection<UInt8>) {
        guard let semicolon = record.firstIndex(of: UInt8(ascii: ";")) else { return }
        let text = record[record.index(after: semicolon)...].prefix { $0 != UInt8(ascii: "\n") }
        guard
            let row = Self.rows.first(where: { row in
                row.signs.contains { Self.holds(text, $0) }
            })
        else { return }
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
