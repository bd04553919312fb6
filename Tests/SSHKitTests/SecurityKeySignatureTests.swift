import Testing

@testable import SSHKit

@Suite struct SecurityKeySignatureTests {
    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
    }
    private static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    /// A request as RFC 4252 §7 has it, with the signature of PROTOCOL.u2f.
    private static func request(
        method: String = "publickey", algorithm: String = "sk-ssh-ed25519@openssh.com",
        signed: UInt8 = 1, flags: UInt8 = 1, tail: [UInt8] = []
    ) -> [UInt8] {
        let signature =
            string(algorithm) + string([UInt8](repeating: 9, count: 64)) + [flags]
            + [0, 0, 0, 7] + tail
        let hostKey = method == "publickey" ? [] : string("host key")
        return string("root") + string("ssh-connection") + string(method) + [signed]
            + string(algorithm) + string("the key") + hostKey + string(signature)
    }

    @Test(arguments: [
        (0, false, false), (1, true, false), (4, false, true), (5, true, true),
        (0xFA, false, false),
    ])
    func readsWhatTheKeySays(flags: UInt8, touched: Bool, verified: Bool) {
        for method in ["publickey", "publickey-hostbound-v00@openssh.com"] {
            let signature = SecurityKeySignature(
                userauthRequest: Self.request(method: method, flags: flags))
            #expect(signature?.wasTouched == touched)
            #expect(signature?.wasVerified == verified)
        }
    }

    @Test func saysNothingOfOtherRequests() {
        #expect(SecurityKeySignature(userauthRequest: []) == nil)
        #expect(SecurityKeySignature(userauthRequest: Self.request(method: "password")) == nil)
        #expect(
            SecurityKeySignature(userauthRequest: Self.request(algorithm: "ssh-ed25519")) == nil)
        #expect(SecurityKeySignature(userauthRequest: Self.request(signed: 0)) == nil)
        #expect(SecurityKeySignature(userauthRequest: Self.request(tail: [1])) == nil)
    }

    @Test func neverTrapsOnDamagedRequests() {
        let whole = Self.request()
        for length in 0..<whole.count {
            #expect(SecurityKeySignature(userauthRequest: Array(whole.prefix(length))) == nil)
        }
        for index in whole.indices {
            var damaged = whole
            damaged[index] = 0xFF
            _ = SecurityKeySignature(userauthRequest: damaged)
        }
    }
}
