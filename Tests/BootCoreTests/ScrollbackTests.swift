import BootCore
import Testing

@Suite struct ScrollbackTests {
    @Test func keepsEverythingThatIsShort() {
        var scrollback = Scrollback()
        scrollback.append(Array("# echo a\r\n".utf8))
        scrollback.append(Array("a\r\n# ".utf8))
        #expect(Array(scrollback.content) == Array("# echo a\r\na\r\n# ".utf8))
    }

    /// However much goes through: the last lines, whole ones, and bounded.
    @Test func keepsTheLastLinesOfMore() throws {
        var scrollback = Scrollback()
        for number in 0..<100_000 { scrollback.append(Array("line \(number)\n".utf8)) }
        let lines = String(decoding: scrollback.content, as: UTF8.self).split(separator: "\n")
        #expect(scrollback.content.count <= Scrollback.capacity)
        #expect(scrollback.content.count > Scrollback.capacity - 20)
        #expect(scrollback.content.first == UInt8(ascii: "l"))
        #expect(lines.last == "line 99999")
        #expect(lines.first == "line \(100_000 - lines.count)")
    }

    @Test func keepsTheEndOfOneLongLine() {
        var scrollback = Scrollback()
        for _ in 0..<9 { scrollback.append([UInt8](repeating: 120, count: 10_000)) }
        scrollback.append([121])
        #expect(scrollback.content.count == Scrollback.capacity)
        #expect(scrollback.content.last == 121)
    }
}
