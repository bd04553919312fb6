/// Takes options and operands out of a command line, in the order in which the command asks for them.
///
/// Options are long (`--timeout 5`, `--timeout=5`); a single `-` is an operand; everything after `--`
/// is an operand. Call `operands()` last: it refuses whatever nobody asked for.
package struct ArgumentReader: Sendable {
    private var words: [String]
    private var protected: [String] = []

    package init(_ arguments: [String]) {
        if let end = arguments.firstIndex(of: "--") {
            words = Array(arguments[..<end])
            protected = Array(arguments[(end + 1)...])
        } else {
            words = arguments
        }
    }

    /// Whether `name`, an option without a value, was given; more than once is as good as once.
    /// - Throws: `UsageError` when a value is attached to it.
    package mutating func flag(_ name: String) throws(UsageError) -> Bool {
        if let attached = words.first(where: { $0.hasPrefix(name + "=") }) {
            throw UsageError("\(attached): \(name) takes no value.")
        }
        let before = words.count
        words.removeAll { $0 == name }
        return words.count < before
    }

    /// The values of every occurrence of `name`, in order.
    /// - Throws: `UsageError` when the last word of the command line is `name`.
    package mutating func values(_ name: String) throws(UsageError) -> [String] {
        var values: [String] = []
        var kept: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == name {
                guard let value = rest.popFirst() else {
                    throw UsageError("\(name) needs a value after it.")
                }
                values.append(value)
            } else if word.hasPrefix(name + "=") {
                values.append(String(word.dropFirst(name.count + 1)))
            } else {
                kept.append(word)
            }
        }
        words = kept
        return values
    }

    /// The value of `name`, or `nil` when it was not given.
    /// - Throws: `UsageError` when it was given twice or without a value.
    package mutating func value(_ name: String) throws(UsageError) -> String? {
        let all = try values(name)
        guard all.count <= 1 else { throw UsageError("\(name) was given \(all.count) times.") }
        return all.first
    }

    /// The value of `name` as a whole number within `range`, or `nil` when it was not given.
    /// - Throws: `UsageError` when it is no such number.
    package mutating func number(
        _ name: String, in range: ClosedRange<Int>
    ) throws(UsageError) -> Int? {
        guard let text = try value(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                "\(name) \(text): give a whole number from \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return number
    }

    /// The words that are no options.
    /// - Throws: `UsageError` naming the first option that nobody asked for, or when there are more than `most`.
    package mutating func operands(atMost most: Int = .max) throws(UsageError) -> [String] {
        if let unknown = words.first(where: { $0.hasPrefix("-") && $0 != "-" }) {
            throw UsageError("\(unknown): there is no such option.")
        }
        let all = words + protected
        guard all.count <= most else {
            throw UsageError("\(all[most]): one word too many.")
        }
        words = []
        protected = []
        return all
    }
}
