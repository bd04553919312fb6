import Addresses
import Bytes

/// The keys of an authorized_keys file, and what is wrong with the lines that are none.
package struct AuthorizedKeys: Sendable, Equatable {
    /// A line that lets nobody in, and why.
    package struct Refused: Sendable, Equatable, CustomStringConvertible {
        package let line: Int
        package let reason: String
        package var description: String { "line \(line) lets nobody in: \(reason)" }
    }

    package private(set) var keys: [AuthorizedKey] = []
    package private(set) var refused: [Refused] = []

    /// More than anybody has; bounds what one login must compare.
    package static let mostKeys = 1000

    /// Reads a file; every byte sequence is one.
    package init(_ text: [UInt8]) {
        for (index, line) in text.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            let number = index + 1
            let line = Self.trimmed(line)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            guard keys.count < Self.mostKeys else {
                refused.append(.init(line: number, reason: "\(Self.mostKeys) keys stand before it"))
                return
            }
            do throws(LineError) {
                // Others would read the line only up to there.
                if line.contains(0) { throw LineError(words: "there is a zero byte on it") }
                keys.append(try Self.key(line))
            } catch {
                refused.append(.init(line: number, reason: error.words))
            }
        }
    }

    /// The first line with a key of this wire form, whatever its options say.
    package func key(blob: [UInt8]) -> AuthorizedKey? { keys.first { $0.blob == blob } }

    /// Whether a key may be used, and by which line.
    package enum Answer: Sendable, Equatable {
        case unlisted
        /// Why its first line refuses it; all of them do.
        case refused(String)
        case allowed(AuthorizedKey)
    }

    /// The first of a key's lines whose `from=` and `expiry-time=` let it in decides what it may do.
    /// Source: OpenSSH auth2-pubkeyfile.c, auth_check_authkey_line.
    package func answer(
        to blob: [UInt8], from address: IPAddress, at wall: Duration
    ) -> Answer {
        var answer = Answer.unlisted
        for key in keys where key.blob == blob {
            guard let reason = key.refusal(from: address, at: wall) else { return .allowed(key) }
            if answer == .unlisted { answer = .refused(reason) }
        }
        return answer
    }

    fileprivate struct LineError: Error {
        let words: String
    }

    private static let smallestRSA = 2048

    /// The size of the modulus, which stands after the exponent. Source: RFC 4253 §6.6.
    private static func rsaBits(_ reader: inout ByteReader) -> Int? {
        guard let exponent = reader.uint32(), reader.bytes(Int(exponent)) != nil,
            let length = reader.uint32(), let modulus = reader.bytes(Int(length))
        else { return nil }
        let digits = modulus.drop { $0 == 0 }
        return digits.count * 8 - (digits.first?.leadingZeroBitCount ?? 0)
    }

    private static let types = [
        "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa",
    ]

    private static func key(_ line: ArraySlice<UInt8>) throws(LineError) -> AuthorizedKey {
        var rest = line
        var first = word(&rest)
        var rights = AuthorizedKey.Rights()
        if !types.contains(first) {
            // Options stand first; a blank within quotes belongs to them.
            rest = line
            rights = try AuthorizedKey.Rights(options(&rest))
            rest = trimmed(rest)
            first = word(&rest)
        }
        guard types.contains(first) else {
            throw LineError(
                words: first.isEmpty
                    ? "there is no key on it"
                    : "\(shown(first)) is no kind of key that davit accepts")
        }
        rest = trimmed(rest)
        guard let blob = Base64.decode(word(&rest)), !blob.isEmpty else {
            throw LineError(words: "its key is damaged: it is no base64")
        }
        var reader = ByteReader(blob)
        guard let length = reader.uint32(), let name = reader.bytes(Int(length)),
            Array(name) == Array(first.utf8)
        else { throw LineError(words: "its key is damaged: it does not say \(first) inside") }
        if first == "ssh-rsa" {
            let bits = rsaBits(&reader) ?? 0
            guard bits >= smallestRSA else {
                throw LineError(
                    words: "its RSA key has \(bits) bits, and \(smallestRSA) are needed")
            }
        }
        let comment = String(decoding: trimmed(rest), as: UTF8.self)
        return AuthorizedKey(type: first, blob: blob, comment: shown(comment), rights: rights)
    }

    /// The next option list: up to the first blank outside of quotes.
    private static func options(
        _ rest: inout ArraySlice<UInt8>
    ) throws(LineError) -> [(name: String, value: String?)] {
        var options: [(name: String, value: String?)] = []
        while true {
            let name = String(
                decoding: rest.prefix { !isBlank($0) && $0 != comma && $0 != equals }, as: UTF8.self
            )
            rest = rest.dropFirst(name.utf8.count)
            var value: String?
            if rest.first == equals {
                rest = rest.dropFirst()
                guard let quoted = quotedString(&rest) else {
                    throw LineError(words: "the value of \(shown(name)) is not within quotes")
                }
                value = quoted
            }
            options.append((name, value))
            guard rest.first == comma else { break }
            rest = rest.dropFirst()
        }
        guard rest.isEmpty || rest.first.map(isBlank) == true else {
            throw LineError(words: "its options cannot be read")
        }
        return options
    }

    /// A string in double quotes, in which `\"` stands for a quote.
    private static func quotedString(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == quote else { return nil }
        var value: [UInt8] = []
        var rest2 = rest.dropFirst()
        while let byte = rest2.popFirst() {
            if byte == quote {
                rest = rest2
                return String(decoding: value, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), rest2.first == quote {
                rest2 = rest2.dropFirst()
                value.append(quote)
            } else {
                value.append(byte)
            }
        }
        return nil
    }

    private static let comma = UInt8(ascii: ",")
    private static let equals = UInt8(ascii: "=")
    private static let quote = UInt8(ascii: "\"")

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let front = line.drop(while: isBlank)
        return front.dropLast(front.reversed().prefix(while: isBlank).count)
    }

    private static func word(_ rest: inout ArraySlice<UInt8>) -> String {
        let word = rest.prefix { !isBlank($0) }
        rest = rest.dropFirst(word.count)
        return String(decoding: word, as: UTF8.self)
    }

    /// What goes into a message: short, and without anything that steers a terminal.
    fileprivate static func shown(_ text: String) -> String {
        let printable = text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
        return String(String.UnicodeScalarView(printable.prefix(80)))
    }
}

extension AuthorizedKey.Rights {
    /// An option that is not known may forbid something, so its key is refused.
    fileprivate init(
        _ options: [(name: String, value: String?)]
    ) throws(AuthorizedKeys.LineError) {
        for (name, value) in options {
            // The second would silently take the place of the first, which may be the stricter one.
            let isSingle = ["command", "from", "expiry-time"].contains(name.lowercased())
            if isSingle, options.count(where: { $0.name.lowercased() == name.lowercased() }) > 1 {
                throw .init(words: "\(name.lowercased())= stands there twice")
            }
            switch (name.lowercased(), value) {
            case ("command", let command?): self.command = command
            case ("restrict", nil):
                mayHaveTerminal = false
                mayForward = false
            case ("pty", nil): mayHaveTerminal = true
            case ("no-pty", nil): mayHaveTerminal = false
            case ("port-forwarding", nil): mayForward = true
            case ("no-port-forwarding", nil): mayForward = false
            case ("no-touch-required", nil): needsTouch = false
            case ("verify-required", nil): needsVerification = true
            case ("permitopen", let target?):
                forwardingTargets = (forwardingTargets ?? []) + [target]
            case ("from", let list?):
                guard let addresses = AddressList(list) else {
                    throw .init(
                        words: "from=\"\(AuthorizedKeys.shown(list))\" is no list of addresses")
                }
                guard !addresses.excludesNames else {
                    throw .init(
                        words:
                            "from=\"\(AuthorizedKeys.shown(list))\" excludes the name of a host, "
                            + "and no names are looked up here")
                }
                self.addresses = addresses
            case ("expiry-time", let time?):
                guard let expiry = ExpiryTime(time) else {
                    throw .init(
                        words:
                            "expiry-time=\"\(AuthorizedKeys.shown(time))\" is no date that exists")
                }
                self.expiry = expiry
            // What this server never does can neither be allowed nor forbidden.
            case ("no-agent-forwarding", nil), ("no-x11-forwarding", nil),
                ("no-user-rc", nil), ("agent-forwarding", nil), ("x11-forwarding", nil),
                ("user-rc", nil):
                break
            default:
                let shown = AuthorizedKeys.shown(name)
                throw .init(
                    words: name.isEmpty
                        ? "there is no key on it"
                        : "its option \(shown) is not known, and may forbid something")
            }
        }
    }
}
