/// Something that checkers or kernels say and that has a known reason and a next step.
package struct Trouble: Equatable, Sendable {
    /// The row's name, for programs.
    package let name: String
    /// What it means.
    package let explanation: String
    /// What to do; MEMBERS stands for the members of the run.
    private let advice: String
    /// Whether waiting cannot help any more.
    package let isFinal: Bool
    /// Counts in this phase only.
    private let phase: String?

    /// The first row of the table that fits the line.
    package static func known(in line: Line, while progress: Progress) -> Trouble? {
        index.first(in: line) { trouble in
            guard let phase = trouble.phase, progress.phase != phase else { return true }
            // The flood may begin on the very line that announces the phase.
            return line.text.hasPrefix(phase)
        }
    }

    /// What to do about exactly these members.
    package func nextStep(for members: [String]) -> String {
        let names = members.isEmpty ? "DEVICE" : members.joined(separator: " ")
        return advice.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard word.hasPrefix("MEMBERS") else { return String(word) }
            return names + word.dropFirst("MEMBERS".utf8.count)
        }.joined(separator: " ")
    }

    // MARK: The table

    /// Every row; the tests look that each is shown.
    static var all: [Trouble] { index.troubles }

    private static let index = Index(table)

    /// A paragraph of the table; `nil` for one that is not of four lines.
    private init?(_ lines: [Substring]) {
        guard lines.count == 4, let name = lines[0].split(separator: " ").first else { return nil }
        let words = lines[0].split(separator: " ").dropFirst()
        self.name = String(name)
        isFinal = words.first == "final"
        let count = words.firstIndex(of: "while").map { words.index(after: $0) }
        phase = count.flatMap { words.indices.contains($0) ? String(words[$0]) : nil }
        explanation = String(lines[2])
        advice = String(lines[3])
    }

    /// The signs by their first byte, so that a line is gone through once, however many there are.
    private struct Index: Sendable {
        private struct Sign: Sendable {
            /// What stands between the `…`, in this order.
            let parts: [[UInt8]]
            let row: Int
        }

        private(set) var troubles: [Trouble] = []
        private var signs: [[Sign]] = Array(repeating: [], count: 256)

        init(_ table: StaticString) {
            let text = table.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
            var paragraph: [Substring] = []
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if !line.isEmpty {
                    paragraph.append(line)
                    continue
                }
                add(paragraph)
                paragraph = []
            }
            add(paragraph)
        }

        private mutating func add(_ lines: [Substring]) {
            guard let trouble = Trouble(lines) else { return }
            var rest = Line(String(lines[1]))
            while !rest.isEmpty {
                var sign = rest
                if let first = rest.upTo(" | ") { sign = first } else { rest = Line("") }
                var parts: [[UInt8]] = []
                while let part = sign.upTo("…") { parts.append(Array(part.bytes)) }
                parts.append(Array(sign.bytes))
                guard let first = parts[0].first else { continue }
                signs[Int(first)].append(Sign(parts: parts, row: troubles.count))
            }
            troubles.append(trouble)
        }

        /// The first row of which a sign stands in the line and that `counts`.
        func first(in line: Line, where counts: (Trouble) -> Bool) -> Trouble? {
            line.bytes.withUnsafeBufferPointer { bytes in
                var found: Int?
                for at in bytes.indices {
                    for sign in signs[Int(bytes[at])]
                    where sign.row < found ?? .max && Self.fits(bytes[at...], sign.parts)
                        && counts(troubles[sign.row])
                    { found = sign.row }
                }
                return found.map { troubles[$0] }
            }
        }

        /// Whether `bytes` begin with the first part and hold the others behind it.
        private static func fits(
            _ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ parts: [[UInt8]]
        ) -> Bool {
            guard bytes.starts(with: parts[0]) else { return false }
            var rest = bytes.dropFirst(parts[0].count)
            for part in parts.dropFirst() {
                while !rest.starts(with: part) {
                    guard rest.popFirst() != nil else { return false }
                }
                rest = rest.dropFirst(part.count)
            }
            return true
        }
    }
}
