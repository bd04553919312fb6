import Testing

@testable import LinuxKit

@Suite struct MappingTests {
    @Test func tableAsTheKernelReadsIt() {
        let target = MappingTarget(type: "zero", sectors: 0x0102, parameters: "8:0 16")
        // struct dm_target_spec, in this machine's byte order: little-endian wherever the tests run.
        let expected: [UInt8] =
            [0, 0, 0, 0, 0, 0, 0, 0]  // sector_start
            + [0x02, 0x01, 0, 0, 0, 0, 0, 0]  // length
            + [0, 0, 0, 0]  // status
            + [0, 0, 0, 0]  // next: there is no further target
            + Array("zero".utf8) + [UInt8](repeating: 0, count: 12)  // target_type[16]
            + Array("8:0 16".utf8) + [0, 0]  // the parameters with a NUL, to a multiple of 8
        #expect(MappingControl.encoded(target) == expected)
    }

    @Test func statusAsTheKernelWritesIt() throws {
        func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> ($0 * 8) & 0xff) } }
        func padded(_ text: String, _ count: Int) -> [UInt8] {
            Array(text.utf8) + [UInt8](repeating: 0, count: count - text.utf8.count)
        }
        func spec(next: UInt32, _ type: String) -> [UInt8] {
            [UInt8](repeating: 0, count: 20) + little(next) + padded(type, 16)
        }
        let header: [UInt8] =
            little(4) + little(48) + little(0)  // version
            + little(512) + little(312)  // data_size, data_start
            + little(3) + little(3)  // target_count, open_count
            + little(1 << 5 | 1 << 1)  // flags: active and suspended
            + little(0) + little(0)  // event_nr, padding
            + little(254 << 8 | 7) + little(0)  // dev: 254:7
            + padded("name", 128) + padded("DAVIT-x", 129) + [UInt8](repeating: 0, count: 7)
        let data =
            spec(next: 56, "snapshot") + padded("16/2048 16", 16)
            + spec(next: 104, "error") + padded("", 8)
            + spec(next: 0, "zero") + padded("", 8)
        let status = try #require(
            MappingControl.decoded(header + data + [UInt8](repeating: 0, count: 64)))
        #expect(status.major == 254 && status.minor == 7)
        #expect(status.targets.map { $0.type } == ["snapshot", "error", "zero"])
        #expect(status.targets.map { $0.text } == ["16/2048 16", "", ""])
    }

    /// Whatever the kernel answers, nothing is read beyond its end.
    @Test func cutStatus() {
        var answer = [UInt8](repeating: 0xff, count: 312)
        for length in [0, 1, 311] {
            #expect(MappingControl.decoded(Array(answer[..<length])) == nil)
        }
        #expect(MappingControl.decoded(answer)?.targets.count == 0)
        answer[16...19] = [0x38, 1, 0, 0]  // data_start: 312
        #expect(MappingControl.decoded(answer + [1, 2, 3])?.targets.count == 0)
    }

    @Test(
        arguments: [
            ("16/204800 16", SnapshotFill.holds(used: 16, of: 204800, metadata: 16), 0),
            ("1040/204800 16", .holds(used: 1040, of: 204800, metadata: 16), 524_288),
            ("Overflow", .overflowed, nil), ("Invalid", .invalid, nil),
            ("Merge failed", .mergeFailed, nil),
        ] as [(String, SnapshotFill, UInt64?)])
    func fill(text: String, expected: SnapshotFill, bytes: UInt64?) {
        #expect(SnapshotFill(text) == expected)
        #expect(SnapshotFill(text)?.bytes == bytes)
    }

    @Test func strangeFill() { #expect(SnapshotFill("Unknown") == nil) }
}
