import Addresses
import SSHCore

/// A whole authorized_keys file, and what its keys allow to somebody.
func fuzz(_ input: [UInt8]) {
    let file = AuthorizedKeys(input)
    claim(file.keys.count <= AuthorizedKeys.mostKeys, "too many keys")
    let lines = input.split(separator: 10, omittingEmptySubsequences: false).count
    claim(file.keys.count + file.refused.count <= lines, "more keys than lines")
    for refused in file.refused {
        claim(!refused.reason.isEmpty && refused.line <= lines, "a refusal without a line")
        claim(isPrintable(refused.reason), "a message that steers a terminal: \(refused.reason)")
    }
    guard let address = IPAddress("192.0.2.7") else { return }
    for key in file.keys {
        claim(!key.blob.isEmpty && isPrintable(key.comment), "a bad key")
        claim(file.key(blob: key.blob) != nil, "a key that is not found")
        _ = key.refusal(from: address, at: .seconds(1_800_000_000))
        // What was read is written and read again as the same: nothing was guessed.
        if key.rights == .init() {
            let line = "\(key.type) \(base64(key.blob)) x"
            claim(AuthorizedKeys(Array(line.utf8)).keys.first?.blob == key.blob, "does not survive")
        }
    }
}

private func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
}

private func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = (0..<3).reduce(0) { $0 << 8 | Int($1 < group.count ? group[start + $1] : 0) }
        for place in 0..<4 {
            text += place <= group.count ? String(digits[bits >> (18 - 6 * place) & 63]) : "="
        }
    }
    return text
}
