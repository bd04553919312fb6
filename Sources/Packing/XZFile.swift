/// Unpacks a file of the format .xz with the filter LZMA2 alone, as modules are packed.
/// Source: The .xz File Format 1.2.1; LZMA specification (lzma-specification.txt of the LZMA SDK).
enum XZFile {
    static func content(_ bytes: [UInt8], limit: Int) throws(PackedFile.Failure) -> [UInt8] {
        guard bytes.count > 24 else { throw PackedFile.cutOff }
        guard bytes[6] == 0, bytes[7] < 16 else { throw PackedFile.damaged }
        let check = bytes[7]
        var place = 12
        var output: [UInt8] = []
        // A zero in place of a block's size begins the index.
        while place < bytes.count, bytes[place] != 0 {
            let start = output.count
            let header = (Int(bytes[place]) + 1) * 4
            try look(atHeader: bytes, place, header)
            let begin = place + header
            var decoder = LZMADecoder(bytes, at: begin, output: output, limit: limit)
            try decoder.run()
            output = decoder.output
            // The block is filled up to a multiple of four bytes.
            place = begin + (decoder.place - begin + 3) / 4 * 4
            place += try compare(bytes, place, check, output[start...])
        }
        // The index and, at the very end, how long it is.
        guard let size = littleEndian(bytes, bytes.count - 8, 4), bytes.suffix(2) == [0x59, 0x5A],
            place + (Int(size) + 1) * 4 + 12 == bytes.count
        else { throw PackedFile.cutOff }
        return output
    }

    /// Only LZMA2 (filter 0x21) may stand there.
    private static func look(
        atHeader bytes: [UInt8], _ place: Int, _ length: Int
    ) throws(PackedFile.Failure) {
        guard length <= bytes.count - place, let sum = littleEndian(bytes, place + length - 4, 4)
        else { throw PackedFile.cutOff }
        guard ReflectedCRC.of32.value(bytes[place..<(place + length - 4)]) == sum else {
            throw PackedFile.damaged
        }
        let flags = bytes[place + 1]
        var filter = place + 2
        for flag in [0x40, 0x80] as [UInt8] where flags & flag != 0 {
            // A size of the block, seven bits a byte.
            while filter < place + length, bytes[filter] & 0x80 != 0 { filter += 1 }
            filter += 1
        }
        guard flags & 3 == 0, filter < place + length, bytes[filter] == 0x21 else {
            throw .init(
                "it is packed by xz with a filter that davit does not know. Unpack it before the upload: xz -d"
            )
        }
    }

    /// - Returns: how long the check is.
    private static func compare(
        _ bytes: [UInt8], _ place: Int, _ check: UInt8, _ content: ArraySlice<UInt8>
    ) throws(PackedFile.Failure) -> Int {
        let (length, value): (Int, UInt64?) =
            switch check {
            case 0: (0, nil)
            case 1: (4, ReflectedCRC.of32.value(content))
            case 4: (8, ReflectedCRC.of64.value(content))
            // Of the others only the lengths are known: 4, 8, 16, 32 or 64 bytes, three kinds each.
            default: (4 << ((Int(check) - 1) / 3), nil)
            }
        guard place <= bytes.count - length else { throw PackedFile.cutOff }
        if let value, littleEndian(bytes, place, length) != value { throw PackedFile.damaged }
        return length
    }
}
