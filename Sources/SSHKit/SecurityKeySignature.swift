import Bytes

/// What a security key (FIDO) says of itself in a signature: it signs these flags, and libssh verifies that, but looks
/// at none of them. Source: OpenSSH, PROTOCOL.u2f, SSH U2F Signatures.
package struct SecurityKeySignature: Sendable, Equatable {
    private let flags: UInt8

    /// Somebody touched the key.
    package var wasTouched: Bool { flags & 1 != 0 }
    /// The key knew who touched it, by a PIN or a finger.
    package var wasVerified: Bool { flags & 4 != 0 }

    /// Reads a request to log in, without its packet type. Source: RFC 4252 §7.
    /// - Returns: `nil` when it is none with the signature of a security key; every byte sequence is allowed.
    package init?(userauthRequest bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard Self.string(&reader) != nil, Self.string(&reader) != nil,
            let method = Self.string(&reader),
            method == Array("publickey".utf8) || method == Self.hostbound,
            let hasSignature = reader.byte(), hasSignature != 0,
            let algorithm = Self.string(&reader), algorithm.starts(with: Array("sk-".utf8)),
            Self.string(&reader) != nil,
            method != Self.hostbound || Self.string(&reader) != nil,
            let signature = Self.string(&reader)
        else { return nil }
        // string format, string signature, byte flags, uint32 counter, and nothing more.
        var inner = ByteReader(signature)
        guard Self.string(&inner) != nil, Self.string(&inner) != nil,
            let flags = inner.byte(), inner.uint32() != nil, inner.remaining == 0
        else { return nil }
        self.flags = flags
    }

    private static let hostbound = Array("publickey-hostbound-v00@openssh.com".utf8)

    private static func string(_ reader: inout ByteReader) -> [UInt8]? {
        reader.uint32().flatMap { reader.bytes(Int($0)) }.map { Array($0) }
    }
}
