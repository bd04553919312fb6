/// The exit bits of fsck(8).
package enum FsckBits {
    private static let names: [(bit: Int32, words: String)] = [
        (1, "errors were corrected"),
        (2, "the machine has to be rebooted"),
        (4, "errors were left uncorrected"),
        (8, "the checker could not do its work"),
        (16, "the checker did not understand its command line"),
        (32, "it was cancelled"),
        (128, "a library of the checker failed"),
    ]

    /// The bits in words; 0 is `no errors`.
    package static func words(_ code: Int32) -> String {
        guard code != 0 else { return "no errors" }
        let known = names.filter { code & $0.bit != 0 }.map(\.words)
        return known.isEmpty
            ? "exit code \(code), which is not one of fsck's" : known.joined(separator: ", ")
    }
}
