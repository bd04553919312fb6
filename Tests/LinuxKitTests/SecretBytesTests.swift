import LinuxKit
import Testing

@Suite struct SecretBytesTests {
    @Test func takesNoMoreThanItHasRoomFor() throws {
        var secret = try SecretBytes(capacity: 3)
        let taken = [1, 2, 3, 4].map { secret.append($0) }
        #expect(taken == [true, true, true, false])
        #expect(secret.withBytes { Array($0) } == [1, 2, 3])
        secret.removeLast()
        #expect(secret.last == 2)
    }

    @Test func wipesWhatItTakesBack() throws {
        var secret = try SecretBytes(capacity: 4)
        _ = secret.fill { room in
            room.copyBytes(from: [7, 8, 9])
            return 3
        }
        let address = secret.withBytes { UInt(bitPattern: $0.baseAddress) }
        secret.removeLast()
        secret.removeAll()
        let left = UnsafeRawPointer(bitPattern: address).map {
            Array(UnsafeRawBufferPointer(start: $0, count: 4))
        }
        #expect(left == [0, 0, 0, 0])
        #expect(secret.withBytes { $0.count } == 0)
    }
}
