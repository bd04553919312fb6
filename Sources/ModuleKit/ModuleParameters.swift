import LinuxKit

/// What the kernel's command line says to a module that is loaded later: `ramoops.mem_size=1048576`, as modprobe reads it.
enum ModuleParameters {
    /// For a module by its name; empty when there are none.
    static func onKernelLine(for name: String) -> String {
        text(for: name, line: Files.text(Roots.proc + "/cmdline", limit: 4096) ?? "")
    }

    /// Source: Documentation/admin-guide/kernel-parameters.rst.
    static func text(for name: String, line: String) -> String {
        // Blanks inside quotes belong to the value.
        var isQuoted = false
        let words = line.split { character in
            if character == "\"" { isQuoted.toggle() }
            return character.isWhitespace && !isQuoted
        }
        return words.compactMap { word -> Substring? in
            guard let dot = word.firstIndex(of: "."),
                ModuleImage.canonical(String(word[..<dot])) == name
            else { return nil }
            return word[word.index(after: dot)...]
        }.joined(separator: " ")
    }
}
