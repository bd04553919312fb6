import Testing

@testable import NetworkCore

@Suite struct DomainNameTests {
    @Test(arguments: [
        ("box", "box"), ("Box-1.Example.ORG.", "box-1.example.org"), ("3com", "3com"),
    ])
    func namesOfHostsPass(text: String, expected: String) {
        #expect(DomainName.checked(text) == expected)
    }

    /// CVE-2011-0997, CVE-2018-1111, CVE-2011-2716: what a server sent became a command.
    @Test(arguments: [
        "", ".", "a..b", "-a", "a-", "a b", "a'b", "$(reboot)", "`reboot`", "a;reboot", "a\nb",
        "a\"b", "a_b", "ümlaut", "a/b", String(repeating: "a", count: 64),
        Array(repeating: "abcdefg", count: 40).joined(separator: "."),
    ])
    func nothingElseDoes(text: String) {
        #expect(DomainName.checked(text) == nil)
    }

    @Test func theLongestNameHas253Characters() {
        let labels = Array(repeating: String(repeating: "a", count: 49), count: 5)
        let name = labels.joined(separator: ".") + ".abc"
        #expect(name.utf8.count == 253)
        #expect(DomainName.checked(name) == name)
        #expect(DomainName.checked(name + ".") == name)
        #expect(DomainName.checked(name + "d") == nil)
        #expect(DomainName.checked(String(repeating: "a", count: 63)) != nil)
    }

    @Test func noNameIsLongerOnTheWireEither() {
        let label: [UInt8] = [49] + [UInt8](repeating: 97, count: 49)
        let five = Array(repeating: label, count: 5).flatMap { $0 }
        let longest: [UInt8] = five + [3, 97, 98, 99, 0]
        #expect(DomainName.name(in: longest, at: 0)?.next == 255)
        let longer: [UInt8] = five + [4, 97, 98, 99, 100, 0]
        #expect(DomainName.name(in: longer, at: 0) == nil)
    }

    @Test func aPointerHasFourteenBits() {
        let bytes = [UInt8](repeating: 0, count: 0x2000) + ([1, 97, 0, 0xE0, 0x00] as [UInt8])
        #expect(DomainName.name(in: bytes, at: 0x2003)?.name == "a")
    }

    @Test func compressedNamesAreRead() {
        let bytes: [UInt8] =
            [3, 101, 110, 103, 5, 97, 112, 112, 108, 101, 3, 99, 111, 109, 0]  // eng.apple.com
            + [9, 109, 97, 114, 107, 101, 116, 105, 110, 103, 0xC0, 0x04]  // marketing, then byte 4
        // The example of RFC 3397 §2.
        #expect(
            DomainName.list(parsing: bytes, atMost: 8) == ["eng.apple.com", "marketing.apple.com"])
    }

    @Test(
        arguments: [
            [0xC0, 0x00],  // points at itself
            [1, 97, 0xC0, 0x02],  // points at its own pointer
            [1, 97, 0xC0],  // half a pointer
            [5, 97],  // a label cut off
            [1, 97],  // no end
            [0x40, 97, 0],  // a kind of label that does not exist
            [0xC0, 0x02, 1, 97, 0],  // points forward
        ] as [[UInt8]])
    func brokenListsEnd(bytes: [UInt8]) {
        #expect(DomainName.list(parsing: bytes, atMost: 8) == [])
    }

    /// A name, and then one pointer to the one before after another.
    static func chain(_ pointers: Int) -> [UInt8] {
        var bytes: [UInt8] = [1, 97, 0]
        for number in 0..<pointers { bytes += [0xC0, number == 0 ? 0 : UInt8(bytes.count - 2)] }
        return bytes
    }

    @Test func chainsOfPointersAreBounded() {
        #expect(DomainName.name(in: Self.chain(16), at: 33)?.name == "a")
        #expect(DomainName.name(in: Self.chain(17), at: 35) == nil)
        #expect(DomainName.name(in: Self.chain(2), at: 5)?.next == 7, "behind the first pointer")
    }

    /// What a pointer leads to may not lead forward either, also not to before where it all began.
    @Test func pointersLeadBackEachTime() {
        let bytes: [UInt8] = [1, 97, 0xC0, 4, 1, 98, 0, 0xC0, 0]
        #expect(DomainName.name(in: bytes, at: 7) == nil)
    }

    @Test func namesThatAreLeftOutCountToo() {
        let good: [UInt8] = [1, 97, 0]
        let bad = (0..<32).flatMap { _ -> [UInt8] in [1, 95, 0] }
        #expect(DomainName.list(parsing: bad.dropLast(3) + good, atMost: 8) == ["a"])
        #expect(DomainName.list(parsing: bad + good, atMost: 8) == [])
    }

    @Test func listsAreBounded() {
        let bytes = (0..<500).flatMap { _ -> [UInt8] in [1, 97, 0] }
        #expect(DomainName.list(parsing: bytes, atMost: 8).count == 8)
    }
}
