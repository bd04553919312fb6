import Bytes
import Testing

@Suite struct ByteReaderTests {
    @Test func readsNumbersInNetworkOrder() {
        var reader = ByteReader([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07])
        #expect(reader.byte() == 0x01)
        #expect(reader.uint16() == 0x0203)
        #expect(reader.uint32() == 0x0405_0607)
        #expect(reader.remaining == 0)
    }

    @Test(arguments: [0, 1, 3]) func readsNothingPastTheEnd(count: Int) {
        var reader = ByteReader([UInt8](repeating: 9, count: count))
        #expect(reader.uint32() == nil)
        #expect(reader.remaining == count, "a refused read must take nothing")
        #expect(reader.bytes(count + 1) == nil)
        #expect(reader.bytes(-1) == nil)
        #expect(Array(reader.remainder()) == [UInt8](repeating: 9, count: count))
    }

    @Test func readsASliceThatDoesNotBeginAtZero() {
        var reader = ByteReader([0, 0, 0, 7, 8][3...])
        #expect(reader.uint16() == 0x0708)
        #expect(reader.byte() == nil)
    }

    @Test func writerIsTheReadersMirror() {
        var writer = ByteWriter()
        writer.append(UInt8(1))
        writer.append(UInt16(0x0203))
        writer.append(UInt32(0x0405_0607))
        writer.append([8, 9])
        writer.pad(to: 12)
        writer.pad(to: 3)
        #expect(writer.bytes == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0])
    }
}
