/// The words of the kernel's command line.
package struct KernelParameters: Sendable {
    private let words: [(name: Substring, value: Substring?)]

    /// Words are separated by blanks, except between double quotes, which are left out. Source: next_arg in lib/cmdline.c.
    package init(parsing line: String) {
        var words: [Substring] = []
        var word = Substring()
        var isQuoted = false
        for character in line {
            if character == "\"" {
                isQuoted.toggle()
            } else if character.isWhitespace, !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = Substring()
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        // What follows "--" is for init.
        self.words = words.prefix { $0 != "--" }.map { word in
            guard let equals = word.firstIndex(of: "=") else { return (word, nil) }
            return (word[..<equals], word[word.index(after: equals)...])
        }
    }

    /// The values of one parameter in their order; a word without `=` counts as an empty one.
    package func values(_ name: String) -> [Substring] {
        words.filter { $0.name == name }.map { $0.value ?? "" }
    }
}
