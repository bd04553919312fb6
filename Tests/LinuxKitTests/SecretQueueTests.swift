import LinuxKit
import Testing

@Suite struct SecretQueueTests {
    private func append(_ queue: inout SecretQueue, _ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { queue.append($0) }
    }

    private func take(_ queue: inout SecretQueue, _ most: Int) -> String {
        var room = [UInt8](repeating: 0, count: most)
        let count = room.withUnsafeMutableBytes { queue.take(into: $0) }
        return String(decoding: room.prefix(count), as: UTF8.self)
    }

    @Test func givesWhatItGotInOrderAndNoMoreThanItHolds() throws {
        var queue = try SecretQueue(capacity: 8)
        #expect(append(&queue, "abcde"))
        #expect(!append(&queue, "fghi"), "there is room for three")
        #expect(take(&queue, 3) == "abc")
        // What waits moves to the front.
        #expect(append(&queue, "fghijk"))
        #expect(queue.count == 8)
        #expect(take(&queue, 100) == "defghijk")
        #expect(take(&queue, 100) == "")
    }

    @Test(arguments: 1...40) func losesNothing(seed: Int) throws {
        var queue = try SecretQueue(capacity: 16)
        var (sent, received) = ("", "")
        for step in 0..<200 {
            let piece = String(
                repeating: Character(UnicodeScalar(UInt8(97 + step % 26))), count: (step * seed) % 7
            )
            if append(&queue, piece) { sent += piece }
            received += take(&queue, (step + seed) % 6)
        }
        received += take(&queue, 16)
        #expect(received == sent)
    }
}
