import Addresses
import Testing

@testable import SSHCore
import Seeds

@Suite struct AuthorizedKeysTests {
    /// Length, "ssh-ed25519", length, 32 bytes of key (here all zero but the first).
    fileprivate static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private func read(_ text: String) -> AuthorizedKeys { AuthorizedKeys(Array(text.utf8)) }

    @Test func readsAPlainKey() throws {
        let keys = read("# who may\n\n\(Self.key) me@laptop and more\r\n")
        let key = try #require(keys.keys.first)
        #expect(keys.keys.count == 1 && keys.refused.isEmpty)
        #expect(key.type == "ssh-ed25519")
        #expect(key.blob.count == 4 + 11 + 4 + 32)
        #expect(key.comment == "me@laptop and more")
        #expect(key.rights == AuthorizedKey.Rights())
        #expect(keys.key(blob: key.blob) == key)
        #expect(keys.key(blob: []) == nil)
    }

    @Test func readsOptions() throws {
        let line =
            #"  restrict,pty,command="unlock \"a b\", c",from="10.0.0.0/8,!10.0.0.7",expiry-time="20270101" "#
            + Self.key
        let keys = read(line)
        #expect(keys.refused.isEmpty)
        let rights = try #require(keys.keys.first?.rights)
        #expect(rights.command == #"unlock "a b", c"#)
        #expect(rights.mayHaveTerminal)
        #expect(!rights.mayForward)
        #expect(rights.expiry == ExpiryTime("20270101"))
        #expect(rights.addresses?.permits(try #require(IPAddress("10.1.2.3"))) == true)
        #expect(rights.addresses?.permits(try #require(IPAddress("10.0.0.7"))) == false)
    }

    @Test(arguments: [
        ("no-pty", false, true), ("NO-PTY", false, true), ("restrict", false, false),
        ("restrict,port-forwarding", false, true), ("no-port-forwarding", true, false),
        ("no-agent-forwarding,no-X11-forwarding,no-user-rc", true, true),
    ])
    func knowsWhatAnOptionForbids(options: String, terminal: Bool, forwarding: Bool) throws {
        let rights = try #require(read("\(options) \(Self.key)").keys.first?.rights)
        #expect(rights.mayHaveTerminal == terminal)
        #expect(rights.mayForward == forwarding)
    }

    @Test func collectsForwardingTargets() throws {
        let line = #"permitopen="localhost:3260",permitopen="[::1]:80" "# + Self.key
        let rights = try #require(read(line).keys.first?.rights)
        #expect(rights.forwardingTargets == ["localhost:3260", "[::1]:80"])
    }

    @Test(arguments: [
        (
            "cert-authority \(key)",
            "its option cert-authority is not known, and may forbid something"
        ),
        (
            #"environment="A=1" \#(key)"#,
            "its option environment is not known, and may forbid something"
        ),
        (
            #"tunnel="0" \#(key)"#,
            "its option tunnel is not known, and may forbid something"
        ),
        (#"no-pty="x" \#(key)"#, "its option no-pty is not known, and may forbid something"),
        ("command \(key)", "its option command is not known, and may forbid something"),
        (#"command="open \#(key)"#, "the value of command is not within quotes"),
        ("from=10.0.0.1 \(key)", "the value of from is not within quotes"),
        (#"from="10.0.0.0/33" \#(key)"#, #"from="10.0.0.0/33" is no list of addresses"#),
        (
            #"from="*,!gate.example" \#(key)"#,
            #"from="*,!gate.example" excludes the name of a host, and no names are looked up here"#
        ),
        ("command=\"unlock\u{0}\" \(key)", "there is a zero byte on it"),
        (#"from="" \#(key)"#, #"from="" is no list of addresses"#),
        (#"expiry-time="20260230" \#(key)"#, #"expiry-time="20260230" is no date that exists"#),
        ("no-pty,,restrict \(key)", "there is no key on it"),
        ("no-pty", "there is no key on it"), (",", "there is no key on it"),
        ("ssh-ed25519", "its key is damaged: it is no base64"),
        ("ssh-ed25519 AAA", "its key is damaged: it is no base64"),
        ("ssh-ed25519 AAAA", "its key is damaged: it does not say ssh-ed25519 inside"),
        ("ssh-rsa " + key.dropFirst(12), "its key is damaged: it does not say ssh-rsa inside"),
        (#"command="x"y \#(key)"#, "its options cannot be read"),
        ("no-pty ssh-dss AAAA", "ssh-dss is no kind of key that davit accepts"),
    ])
    func refusesALineByNumberAndReason(line: String, reason: String) {
        let keys = read("# first\n\(line)")
        #expect(keys.keys.isEmpty)
        #expect(keys.refused == [.init(line: 2, reason: reason)])
        #expect(keys.refused.first?.description == "line 2 lets nobody in: \(reason)")
    }

    @Test func oneBadLineLeavesTheOthers() {
        let keys = read("nonsense\n\(Self.key) a\nssh-dss AAAA\n")
        #expect(keys.keys.map { $0.comment } == ["a"])
        #expect(keys.refused.map { $0.line } == [1, 3])
    }

    @Test func isBounded() {
        let text = String(repeating: Self.key + "\n", count: AuthorizedKeys.mostKeys + 5)
        let keys = read(text)
        #expect(keys.keys.count == AuthorizedKeys.mostKeys)
        #expect(keys.refused.count == 1)
    }

    @Test func neverTrapsOnRandomBytesOrDamagedLines() {
        var random = SeededRandom(42)
        let line = Array(
            (#"restrict,from="10.0.0.0/8,2001:db8::/32",command="a \"b\"",expiry-time="20300101" "#
                + Self.key + " comment\n").utf8)
        for _ in 0..<20_000 {
            var bytes = line
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1 where bytes.count > 1: bytes.remove(at: position)
                default:
                    bytes.insert(
                        Array("\",= \\\n".utf8).randomElement(using: &random) ?? 0, at: position)
                }
            }
            let keys = AuthorizedKeys(bytes)
            // A damaged line may let in the same key, never a key whose rights came out wider.
            for key in keys.keys where key.rights == AuthorizedKey.Rights() {
                #expect(bytes.firstIndex(of: UInt8(ascii: "\n")) != bytes.count - 1)
            }
        }
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...64, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(AuthorizedKeys(bytes).keys.isEmpty)
        }
    }
}

@Suite struct KeyRefusalTests {
    private func key(_ options: String) throws -> AuthorizedKey {
        let line =
            options
            + " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        return try #require(AuthorizedKeys(Array(line.utf8)).keys.first)
    }

    @Test func permitsItsAddressesOnly() throws {
        let key = try key(#"from="192.0.2.*,!192.0.2.9,2001:db8::/32""#)
        let refusal = { (text: String) in
            key.refusal(from: try #require(IPAddress(text)), at: .zero)
        }
        #expect(try refusal("192.0.2.1") == nil)
        #expect(try refusal("2001:db8::5") == nil)
        #expect(try refusal("192.0.2.9") == "its from= does not list 192.0.2.9")
        #expect(try refusal("198.51.100.1") == "its from= does not list 198.51.100.1")
    }

    /// The first line that lets it in decides, not the first with the key.
    @Test func eachLineOfAKeyIsTried() throws {
        let key = AuthorizedKeysTests.key
        let text = """
            from="192.0.2.0/24",command="unlock" \(key)
            from="198.51.100.0/24",command="status" \(key)
            expiry-time="20260101" \(key)
            """
        let keys = AuthorizedKeys(Array(text.utf8))
        let blob = try #require(keys.keys.first?.blob)
        func answer(_ text: String) throws -> AuthorizedKeys.Answer {
            keys.answer(
                to: blob, from: try #require(IPAddress(text)), at: .seconds(1_790_000_000))
        }
        #expect(try answer("192.0.2.1") == .allowed(keys.keys[0]))
        #expect(try answer("198.51.100.1") == .allowed(keys.keys[1]))
        #expect(
            try answer("203.0.113.1") == .refused("its from= does not list 203.0.113.1"))
        let other = keys.answer(
            to: [1], from: try #require(IPAddress("192.0.2.1")), at: .seconds(1_790_000_000))
        #expect(other == .unlisted)
    }

    @Test func anExcludedPatternOfAddressesIsNoName() throws {
        let key = try key(#"from="*,!2001:DB8::*,!192.0.2.?""#)
        #expect(key.refusal(from: try #require(IPAddress("192.0.2.9")), at: .zero) != nil)
        #expect(key.refusal(from: try #require(IPAddress("2001:db8::9")), at: .zero) != nil)
        #expect(key.refusal(from: try #require(IPAddress("192.0.2.10")), at: .zero) == nil)
    }

    @Test func anExcludedListAlonePermitsNobody() throws {
        let key = try key(#"from="!192.0.2.9""#)
        #expect(key.refusal(from: try #require(IPAddress("192.0.2.1")), at: .zero) != nil)
    }

    /// 1 January 2027 is 1798761600.
    @Test(
        arguments: [
            (1_798_761_599, nil),
            (1_798_761_600, "its expiry-time= has passed by this machine's clock"),
            (100, "its expiry-time= cannot be checked: this machine's clock is not set"),
        ] as [(Int64, String?)])
    func expires(now: Int64, reason: String?) throws {
        let key = try key(#"expiry-time="20270101Z""#)
        let address = try #require(IPAddress("192.0.2.1"))
        #expect(key.refusal(from: address, at: .seconds(now)) == reason)
    }

    @Test(
        arguments: [
            ("19700101", 0), ("20000229", 951_782_400), ("202402291230", 1_709_209_800),
            ("20240229123045Z", 1_709_209_845), ("99991231", 253_402_214_400),
        ] as [(String, Int64)])
    func countsDays(text: String, seconds: Int64) { #expect(ExpiryTime(text)?.seconds == seconds) }

    @Test(arguments: [
        "", "2026", "20260001", "20261301", "20260100", "20260431", "21000229", "202601012460",
        "2026010112", "+2260101", "20260101T",
    ])
    func refusesWhatIsNoDate(text: String) { #expect(ExpiryTime(text) == nil) }
}

@Suite struct Base64Tests {
    @Test(
        arguments: [
            ("", []), ("TQ==", [77]), ("TWE=", [77, 97]), ("TWFu", [77, 97, 110]),
            ("+/+/", [251, 255, 191]),
        ] as [(String, [UInt8])])
    func decodes(text: String, bytes: [UInt8]) { #expect(Base64.decode(text) == bytes) }

    @Test(arguments: ["T", "TQ", "TQ=", "T===", "====", "TQ==TQ==", "TW u", "TWFu\n", "TWF-"])
    func refuses(text: String) { #expect(Base64.decode(text) == nil) }
}
