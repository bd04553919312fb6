/// The literals of a block, and the Huffman code that the next block may use again. Source: RFC 8878 §3.1.1.3.1, §4.2.
struct ZstandardLiterals {
    private(set) var content: [UInt8] = []
    private var code: Code?

    private struct Code {
        var most = 0
        /// For each sequence of `most` bits the symbol, and how many of the bits are its.
        var symbols: [UInt8] = []
        var lengths: [UInt8] = []
    }

    /// - Returns: where what follows begins.
    mutating func read(
        _ bytes: [UInt8], from start: Int, to end: Int
    ) throws(PackedFile.Failure) -> Int {
        guard let first = littleEndian(bytes, start, 1).map({ Int($0) }) else {
            throw PackedFile.cutOff
        }
        let form = first >> 2 & 3
        let isPlain = first & 3 < 2
        let length = isPlain ? [1, 2, 1, 3][form] : [3, 3, 4, 5][form]
        guard length <= end - start,
            let header = littleEndian(bytes, start, length).map({ Int($0) })
        else { throw PackedFile.cutOff }
        var place = start + length
        guard !isPlain else {
            let size = header >> (form & 1 == 0 ? 3 : 4)
            let taken = first & 3 == 0 ? size : 1
            guard taken <= end - place, size <= 1 << 17 else { throw PackedFile.damaged }
            content =
                first & 3 == 0
                ? Array(bytes[place..<(place + size)])
                : [UInt8](repeating: bytes[place], count: size)
            return place + taken
        }
        let width = [10, 10, 14, 18][form]
        let size = header >> 4 & (1 << width - 1)
        let packed = header >> (4 + width) & (1 << width - 1)
        guard packed <= end - place, size <= 1 << 17 else { throw PackedFile.damaged }
        let last = place + packed
        if first & 3 == 2 { place = try readCode(bytes, from: place, to: last) }
        guard let code else { throw PackedFile.damaged }
        content = []
        if form == 0 {
            try decode(bytes, place, last, size, code)
        } else {
            try decodeFour(bytes, place, last, size, code)
        }
        return last
    }

    private mutating func decodeFour(
        _ bytes: [UInt8], _ start: Int, _ end: Int, _ size: Int, _ code: Code
    ) throws(PackedFile.Failure) {
        var place = start + 6
        guard place <= end else { throw PackedFile.cutOff }
        let quarter = (size + 3) / 4
        for index in 0..<4 {
            let length = index < 3 ? littleEndian(bytes, start + 2 * index, 2).map { Int($0) } : nil
            let next = length.map { place + $0 } ?? end
            guard next <= end else { throw PackedFile.damaged }
            let count = index < 3 ? quarter : size - 3 * quarter
            guard count >= 0 else { throw PackedFile.damaged }
            try decode(bytes, place, next, count, code)
            place = next
        }
    }

    private mutating func decode(
        _ bytes: [UInt8], _ start: Int, _ end: Int, _ count: Int, _ code: Code
    ) throws(PackedFile.Failure) {
        var bits = try BackwardBits(bytes, from: start, to: end)
        for _ in 0..<count {
            let place = bits.peek(code.most)
            content.append(code.symbols[place])
            bits.skip(Int(code.lengths[place]))
        }
        guard bits.left == 0 else { throw PackedFile.damaged }
    }

    private mutating func readCode(
        _ bytes: [UInt8], from start: Int, to end: Int
    ) throws(PackedFile.Failure) -> Int {
        guard start < end else { throw PackedFile.cutOff }
        let header = Int(bytes[start])
        var weights: [Int] = []
        let next: Int
        if header >= 128 {
            let count = header - 127
            next = start + 1 + (count + 1) / 2
            guard next <= end else { throw PackedFile.cutOff }
            for index in 0..<count {
                let byte = bytes[start + 1 + index / 2]
                weights.append(Int(index % 2 == 0 ? byte >> 4 : byte & 15))
            }
        } else {
            next = start + 1 + header
            guard next <= end else { throw PackedFile.cutOff }
            weights = try packedWeights(bytes, start + 1, next)
        }
        code = try Self.code(weights)
        return next
    }

    /// Two states take turns; where the bits end, so do the weights.
    private func packedWeights(
        _ bytes: [UInt8], _ start: Int, _ end: Int
    ) throws(PackedFile.Failure) -> [Int] {
        let (table, place) = try EntropyTable.read(
            bytes, from: start, to: end, mostAccuracy: 6, mostSymbols: 256)
        var bits = try BackwardBits(bytes, from: place, to: end)
        var state = bits.take(table.accuracy)
        var other = bits.take(table.accuracy)
        var weights: [Int] = []
        while weights.count < 255 {
            weights.append(table.symbols[state])
            if table.bits(after: state) > bits.left {
                weights.append(table.symbols[other])
                return weights
            }
            let next = table.next(state, &bits)
            (state, other) = (other, next)
        }
        throw PackedFile.damaged
    }

    /// The weight of the last symbol is what is missing to a power of two.
    private static func code(_ weights: [Int]) throws(PackedFile.Failure) -> Code {
        var weights = weights
        guard weights.allSatisfy({ $0 <= 11 }) else { throw PackedFile.damaged }
        let sum = weights.reduce(0) { $1 > 0 ? $0 + 1 << ($1 - 1) : $0 }
        guard sum > 0 else { throw PackedFile.damaged }
        let most = Int.bitWidth - sum.leadingZeroBitCount
        let left = 1 << most - sum
        guard most <= 11, left & (left - 1) == 0, weights.count < 256 else {
            throw PackedFile.damaged
        }
        weights.append(left.trailingZeroBitCount + 1)
        var code = Code(most: most)
        for weight in 1...most {
            for symbol in weights.indices where weights[symbol] == weight {
                let count = 1 << (weight - 1)
                code.symbols += [UInt8](repeating: UInt8(symbol), count: count)
                code.lengths += [UInt8](repeating: UInt8(most + 1 - weight), count: count)
            }
        }
        guard code.symbols.count == 1 << most else { throw PackedFile.damaged }
        return code
    }
}

/// The checksum that zstd takes, with the seed 0. Source: doc/xxhash_spec.md of xxHash.
enum XXHash64 {
    private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
        0x27D4_EB2F_1656_67C5
    )

    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotated(lane &+ input &* primes.1, 31) &* primes.0
    }

    static func value(_ slice: ArraySlice<UInt8>) -> UInt64 {
        let bytes = Array(slice)
        var place = 0
        func take(_ count: Int) -> UInt64 {
            defer { place += count }
            return littleEndian(bytes, place, count) ?? 0
        }
        var hash = primes.4
        if bytes.count >= 32 {
            var lanes = [primes.0 &+ primes.1, primes.1, 0, 0 &- primes.0]
            while place <= bytes.count - 32 {
                for index in 0..<4 { lanes[index] = round(lanes[index], take(8)) }
            }
            hash = 0
            for (lane, turn) in zip(lanes, [1, 7, 12, 18] as [UInt64]) {
                hash = hash &+ rotated(lane, turn)
            }
            for lane in lanes { hash = (hash ^ round(0, lane)) &* primes.0 &+ primes.3 }
        }
        hash = hash &+ UInt64(bytes.count)
        while place <= bytes.count - 8 {
            hash = rotated(hash ^ round(0, take(8)), 27) &* primes.0 &+ primes.3
        }
        if place <= bytes.count - 4 {
            hash = rotated(hash ^ take(4) &* primes.0, 23) &* primes.1 &+ primes.2
        }
        while place < bytes.count {
            hash = rotated(hash ^ take(1) &* primes.4, 11) &* primes.0
        }
        hash = (hash ^ hash >> 33) &* primes.1
        hash = (hash ^ hash >> 29) &* primes.2
        return hash ^ hash >> 32
    }
}
