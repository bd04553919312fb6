/// A question that systemd wants an agent to ask: a file `ask.*` below /run/systemd/ask-password.
/// Source: https://systemd.io/PASSWORD_AGENTS/; systemd src/shared/ask-password-api.c.
package struct AskFile: Equatable, Sendable {
    /// The process that waits for the answer.
    package private(set) var pid: Int32 = 0
    /// Where the answer goes, in one datagram.
    package private(set) var socket = ""
    /// What is asked, for people; without control characters, for it goes to a terminal.
    package private(set) var message = "Password:"
    /// What it is for, such as `cryptsetup:/dev/disk/by-uuid/…`.
    package private(set) var identifier = ""
    /// When the question ends, in CLOCK_MONOTONIC; `nil` is never.
    package private(set) var notAfter: Duration?
    /// Whether what is typed may be shown.
    package private(set) var echoes = false
    /// Whether an answer to an earlier question will do.
    package private(set) var acceptsCached = false

    private static let longestMessage = 300

    /// - Returns: `nil` when nobody can be answered: no socket, or no process.
    package init?(parsing bytes: [UInt8]) {
        var isInAsk = false
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "[") {
                isInAsk = line.elementsEqual("[Ask]".utf8)
            } else if isInAsk, let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                take(
                    String(decoding: line[..<equals], as: UTF8.self),
                    String(decoding: line[(equals + 1)...], as: UTF8.self))
            }
        }
        guard pid > 0, socket.hasPrefix("/"), !socket.utf8.contains(0) else { return nil }
    }

    private mutating func take(_ name: String, _ value: String) {
        switch name {
        case "PID": pid = Int32(value) ?? 0
        case "Socket": socket = value
        case "Message":
            let plain = String(
                String.UnicodeScalarView(
                    value.unicodeScalars.lazy.filter { $0.value >= 32 && $0.value != 127 }
                        .filter { !(0x80..<0xA0).contains($0.value) }.prefix(Self.longestMessage)))
            if !plain.isEmpty { message = plain }
        case "Id": identifier = value
        case "NotAfter":
            // Microseconds; 0 is never.
            if let time = Int64(value), time > 0 { notAfter = .microseconds(time) }
        case "Echo": echoes = value == "1"
        case "AcceptCached": acceptsCached = value == "1"
        default: break
        }
    }

    /// The device whose passphrase is asked for, when it is a question of systemd-cryptsetup's.
    package var device: String? {
        let prefix = "cryptsetup:"
        guard identifier.hasPrefix(prefix) else { return nil }
        // systemd writes - and other characters of device names as \xHH.
        var plain: [UInt8] = []
        var rest = Array(identifier.utf8.dropFirst(prefix.utf8.count))[...]
        while let byte = rest.popFirst() {
            let code = rest.dropFirst().prefix(2)
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), code.count == 2,
                let value = UInt8(String(decoding: code, as: UTF8.self), radix: 16)
            {
                plain.append(value)
                rest.removeFirst(3)
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
