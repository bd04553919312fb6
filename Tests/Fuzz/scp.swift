import SCPCore

/// Lines as either side sends them. What is accepted is safe to act upon, and is written as it was meant.
func fuzz(_ input: [UInt8]) {
    for line in input.split(separator: 10, omittingEmptySubsequences: false) {
        guard let message = try? Message(parsing: Array(line)) else { continue }
        switch message {
        case .file(let permissions, let size, let name):
            claim(size <= UInt64(Int64.max), "a size that no file has")
            claim(permissions <= 0o7777 && isName(name), "a name that leads elsewhere")
        case .directory(let permissions, let name):
            claim(permissions <= 0o7777 && isName(name), "a name that leads elsewhere")
        case .times(let modified, let accessed):
            claim(modified >= 0 && accessed >= 0, "before 1970")
        case .end, .warning, .failure: break
        }
        let written = message.bytes
        claim(written.last == 10 && written.count <= Message.longestLine + 1, "no line")
        let isShort = line.count <= Message.longestLine
        let read = try? Message(parsing: Array(written.dropLast()))
        claim(!isShort || read == message, "does not survive")
    }
}

private func isName(_ name: [UInt8]) -> Bool {
    !name.isEmpty && !name.contains(47) && !name.contains(0) && name != [46] && name != [46, 46]
}
