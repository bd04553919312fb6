import Testing

@testable import RepairCore

struct TrafficTests {
    private static let mebi: UInt64 = 1 << 20

    @Test(
        arguments: [
            (0, 0, 60, ""), (mebi - 1, 0, 60, ""), (mebi, 0, 60, "1 MiB read"),
            (mebi / 2, mebi / 2, 60, "0 MiB read"),
            (20 * mebi, mebi - 1, 4, "20 MiB read"),
            (20 * mebi, mebi, 5, "20 MiB read at 4 MiB/s, 1 MiB written"),
            (20 * mebi, 0, 20, "20 MiB read at 1 MiB/s"), (20 * mebi, 0, 21, "20 MiB read"),
            (20 * mebi, 0, 0, "20 MiB read"),
        ] as [(UInt64, UInt64, Int, String)])
    func words(read: UInt64, written: UInt64, seconds: Int, words: String) {
        #expect(Traffic(read: read, written: written).words(over: .seconds(seconds)) == words)
    }

    @Test func whatFellIsNone() {
        let start = Traffic(read: 10, written: 5)
        #expect(Traffic(read: 15, written: 4).since(start) == Traffic(read: 5, written: 0))
        #expect(Traffic(read: 9, written: 8).since(start) == Traffic(read: 0, written: 3))
    }

    @Test func linesAreCutAtEitherEndAndEmptyOnesPassedOver() {
        var splitter = LineSplitter()
        var lines: [String] = []
        for piece in ["\r\na", "b\n\n", "c\rd"] {
            splitter.take(Array(piece.utf8)) { lines.append($0.text) }
        }
        #expect(lines == ["ab", "c"])
        #expect(splitter.unfinished.text == "d")
        splitter.finish { lines.append($0.text) }
        splitter.finish { lines.append($0.text) }
        #expect(lines == ["ab", "c", "d"])
    }
}
