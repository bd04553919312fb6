/// Unpacks what zstd packed without a dictionary. Source: RFC 8878.
struct ZstandardFrame {
    private let bytes: [UInt8]
    private let limit: Int
    private var place: Int
    private var output: [UInt8] = []
    /// Where the frame begins in the output.
    private var origin = 0
    private var literals = ZstandardLiterals()
    private var lengths: EntropyTable?
    private var offsets: EntropyTable?
    private var matches: EntropyTable?
    private var repeated = [1, 4, 8]

    /// Of one frame or several.
    static func content(_ bytes: [UInt8], limit: Int) throws(PackedFile.Failure) -> [UInt8] {
        var output: [UInt8] = []
        var place = 0
        while place < bytes.count {
            guard let magic = littleEndian(bytes, place, 4) else { throw PackedFile.cutOff }
            if magic & 0xFFFF_FFF0 == 0x184D_2A50 {
                // A frame for others to read.
                guard let size = littleEndian(bytes, place + 4, 4) else { throw PackedFile.cutOff }
                place += 8 + Int(size)
                continue
            }
            guard magic == 0xFD2F_B528 else { throw PackedFile.damaged }
            var frame = ZstandardFrame(
                bytes: bytes, limit: limit, place: place + 4, output: output)
            try frame.run()
            (output, place) = (frame.output, frame.place)
        }
        guard place == bytes.count else { throw PackedFile.cutOff }
        return output
    }

    private init(bytes: [UInt8], limit: Int, place: Int, output: [UInt8]) {
        (self.bytes, self.limit, self.place, self.output) = (bytes, limit, place, output)
        origin = output.count
    }

    private mutating func number(_ count: Int) throws(PackedFile.Failure) -> Int {
        guard let value = littleEndian(bytes, place, count).flatMap({ Int(exactly: $0) }) else {
            throw PackedFile.cutOff
        }
        place += count
        return value
    }

    private mutating func run() throws(PackedFile.Failure) {
        let descriptor = try number(1)
        let isSingle = descriptor & 0x20 != 0
        let sizes = [isSingle ? 1 : 0, 2, 4, 8]
        // The window: the whole output is at hand here.
        if !isSingle { _ = try number(1) }
        guard try number([0, 1, 2, 4][descriptor & 3]) == 0 else {
            throw .init("it is packed by zstd with a dictionary")
        }
        _ = try number(sizes[descriptor >> 6])
        var isLast = false
        while !isLast {
            let header = try number(3)
            isLast = header & 1 == 1
            try block(header >> 1 & 3, header >> 3)
        }
        guard descriptor & 4 != 0 else { return }
        let sum = try number(4)
        guard XXHash64.value(output[origin...]) & 0xFFFF_FFFF == UInt64(sum) else {
            throw PackedFile.damaged
        }
    }

    private mutating func block(_ type: Int, _ size: Int) throws(PackedFile.Failure) {
        let packed = type == 1 ? 1 : size
        guard packed <= bytes.count - place else { throw PackedFile.cutOff }
        guard size <= limit - output.count else { throw PackedFile.tooLarge }
        let end = place + packed
        switch type {
        case 0: output += bytes[place..<end]
        case 1: output += [UInt8](repeating: bytes[place], count: size)
        case 2:
            place = try literals.read(bytes, from: place, to: end)
            try sequences(end)
        default: throw PackedFile.damaged
        }
        place = end
    }

    // MARK: Sequences

    private mutating func sequences(_ end: Int) throws(PackedFile.Failure) {
        var count = try number(1)
        if count == 255 {
            count = try number(2) + 0x7F00
        } else if count > 127 {
            count = (count - 128) << 8 + (try number(1))
        }
        var rest = literals.content[...]
        if count > 0 {
            let modes = try number(1)
            lengths = try table(modes >> 6, .literalLengths, lengths, end)
            offsets = try table(modes >> 4 & 3, .offsets, offsets, end)
            matches = try table(modes >> 2 & 3, .matchLengths, matches, end)
            guard let lengths, let offsets, let matches else { throw PackedFile.damaged }
            var bits = try BackwardBits(bytes, from: place, to: end)
            var length = bits.take(lengths.accuracy)
            var offset = bits.take(offsets.accuracy)
            var match = bits.take(matches.accuracy)
            for index in 0..<count {
                let offsetCode = offsets.symbols[offset]
                let distance = 1 << offsetCode + bits.take(offsetCode)
                let matchLength = EntropyTable.Kind.matchLengths.value(
                    matches.symbols[match], &bits)
                let literalLength = EntropyTable.Kind.literalLengths.value(
                    lengths.symbols[length], &bits)
                guard !bits.isExhausted else { throw PackedFile.damaged }
                try copy(&rest, literalLength)
                try output.repeatBytes(
                    from: resolved(distance, literalLength), count: matchLength, since: origin,
                    limit: limit)
                guard index < count - 1 else { break }
                length = lengths.next(length, &bits)
                match = matches.next(match, &bits)
                offset = offsets.next(offset, &bits)
            }
        }
        try copy(&rest, rest.count)
    }

    private mutating func copy(
        _ rest: inout ArraySlice<UInt8>, _ count: Int
    ) throws(PackedFile.Failure) {
        guard count <= rest.count else { throw PackedFile.damaged }
        guard count <= limit - output.count else { throw PackedFile.tooLarge }
        output += rest.prefix(count)
        rest = rest.dropFirst(count)
    }

    /// The distance that an offset stands for: the last three have numbers of their own.
    private mutating func resolved(_ offset: Int, _ literalLength: Int) -> Int {
        if offset > 3 {
            repeated = [offset - 3, repeated[0], repeated[1]]
            return offset - 3
        }
        let index = offset - (literalLength == 0 ? 0 : 1)
        if index == 0 { return repeated[0] }
        let distance = index < 3 ? repeated[index] : repeated[0] - 1
        repeated = [distance, repeated[0], index > 1 ? repeated[1] : repeated[2]]
        return distance
    }

    private mutating func table(
        _ mode: Int, _ kind: EntropyTable.Kind, _ before: EntropyTable?, _ end: Int
    ) throws(PackedFile.Failure) -> EntropyTable? {
        switch mode {
        case 0: return kind.standard
        case 1: return EntropyTable(only: min(try number(1), kind.mostSymbols - 1))
        case 2:
            let (table, next) = try EntropyTable.read(
                bytes, from: place, to: end, mostAccuracy: kind.mostAccuracy,
                mostSymbols: kind.mostSymbols)
            place = next
            return table
        default: return before
        }
    }
}
