/// Bits that are read from the last to the first, behind a one that marks the end. Source: RFC 8878 §4.1.
struct BackwardBits {
    private let bytes: [UInt8]
    private let start: Int
    /// How many are left; below zero when more were read than there are, which counts as zeros.
    private(set) var left: Int

    init(_ bytes: [UInt8], from start: Int, to end: Int) throws(PackedFile.Failure) {
        guard start >= 0, start < end, end <= bytes.count, bytes[end - 1] != 0 else {
            throw PackedFile.damaged
        }
        (self.bytes, self.start) = (bytes, start)
        left = (end - start) * 8 - bytes[end - 1].leadingZeroBitCount - 1
    }

    var isExhausted: Bool { left < 0 }

    mutating func take(_ count: Int) -> Int {
        let value = peek(count)
        left -= count
        return value
    }

    mutating func skip(_ count: Int) { left -= count }

    /// - Parameter count: at most 32.
    func peek(_ count: Int) -> Int {
        guard left > 0, count > 0 else { return 0 }
        let low = left - count
        var value: UInt64 = 0
        for place in max(low, 0) / 8...(left - 1) / 8 {
            value |= UInt64(bytes[start + place]) << UInt64((place - max(low, 0) / 8) * 8)
        }
        if low >= 0 {
            value >>= UInt64(low % 8)
        } else {
            value &= 1 << UInt64(left) - 1
            value <<= UInt64(-low)
        }
        return Int(value & (1 << UInt64(count) - 1))
    }
}

/// A decoding table of finite state entropy. Source: RFC 8878 §4.1.
struct EntropyTable {
    let accuracy: Int
    let symbols: [Int]
    private let bits: [Int]
    private let bases: [Int]

    /// The state after `state`, which is below `1 << accuracy`.
    func next(_ state: Int, _ input: inout BackwardBits) -> Int {
        bases[state] + input.take(bits[state])
    }

    /// How many bits the state after `state` takes.
    func bits(after state: Int) -> Int { bits[state] }

    init(only symbol: Int) { (accuracy, symbols, bits, bases) = (0, [symbol], [0], [0]) }

    /// - Parameter counts: for each symbol its share of `1 << accuracy`; -1 stands for less than one.
    init(_ counts: [Int], accuracy: Int) {
        self.accuracy = accuracy
        let size = 1 << accuracy
        var symbols = [Int](repeating: 0, count: size)
        var states = counts.map { abs($0) }
        var high = size
        for symbol in counts.indices where counts[symbol] == -1 && high > 0 {
            high -= 1
            symbols[high] = symbol
        }
        var place = 0
        for symbol in counts.indices where counts[symbol] > 0 {
            for _ in 0..<counts[symbol] where high > 0 {
                symbols[place] = symbol
                repeat {
                    place = (place + size >> 1 + size >> 3 + 3) & (size - 1)
                } while place >= high
            }
        }
        var bits: [Int] = []
        var bases: [Int] = []
        for symbol in symbols {
            let state = max(1, states[symbol])
            states[symbol] += 1
            let count = max(0, accuracy - (Int.bitWidth - 1 - state.leadingZeroBitCount))
            bits.append(count)
            bases.append(max(0, state << count - size))
        }
        (self.symbols, self.bits, self.bases) = (symbols, bits, bases)
    }

    /// Reads the description of a table.
    /// - Returns: the table, and where what follows begins.
    static func read(
        _ bytes: [UInt8], from start: Int, to end: Int, mostAccuracy: Int, mostSymbols: Int
    ) throws(PackedFile.Failure) -> (EntropyTable, Int) {
        var place = start * 8
        func take(_ count: Int) throws(PackedFile.Failure) -> Int {
            guard place + count <= end * 8 else { throw PackedFile.cutOff }
            var value = 0
            for index in 0..<count {
                value |= Int(bytes[(place + index) / 8] >> UInt8((place + index) % 8) & 1) << index
            }
            place += count
            return value
        }
        let accuracy = try take(4) + 5
        guard accuracy <= mostAccuracy else { throw PackedFile.damaged }
        var left = 1 << accuracy
        var counts: [Int] = []
        while left > 0 {
            let bits = Int.bitWidth - (left + 1).leadingZeroBitCount
            var value = try take(bits)
            let mask = 1 << (bits - 1) - 1
            let threshold = 1 << bits - 2 - left
            if value & mask < threshold {
                place -= 1
                value &= mask
            } else if value > mask {
                value -= threshold
            }
            left -= abs(value - 1)
            counts.append(value - 1)
            var again = value == 1
            while again {
                let zeros = try take(2)
                counts += [Int](repeating: 0, count: zeros)
                again = zeros == 3
            }
            guard left >= 0, counts.count <= mostSymbols else { throw PackedFile.damaged }
        }
        return (EntropyTable(counts, accuracy: accuracy), (place + 7) / 8)
    }

    /// What the symbols of a table stand for.
    enum Kind {
        case literalLengths, offsets, matchLengths

        var mostAccuracy: Int { self == .offsets ? 8 : 9 }

        var mostSymbols: Int {
            switch self {
            case .literalLengths: 36
            // Larger ones than any file that is read here.
            case .offsets: 32
            case .matchLengths: 53
            }
        }

        /// The table that needs no description.
        var standard: EntropyTable {
            switch self {
            case .literalLengths: Self.standardLiteralLengths
            case .offsets: Self.standardOffsets
            case .matchLengths: Self.standardMatchLengths
            }
        }

        private static let standardLiteralLengths = EntropyTable(
            [
                4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1,
                1, 1, 1, 1, -1, -1, -1, -1,
            ], accuracy: 6)
        private static let standardOffsets = EntropyTable(
            [
                1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1,
                -1, -1,
            ], accuracy: 5)
        private static let standardMatchLengths = EntropyTable(
            [1, 4, 3, 2, 2, 2, 2, 2, 2] + [Int](repeating: 1, count: 37)
                + [Int](repeating: -1, count: 7), accuracy: 6)

        private static let literalBits = [
            1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ]
        private static let matchBits = [
            1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ]

        /// The length that a symbol and the bits behind it stand for.
        func value(_ symbol: Int, _ input: inout BackwardBits) -> Int {
            let (plain, extra, least) =
                self == .literalLengths ? (16, Self.literalBits, 0) : (32, Self.matchBits, 3)
            guard symbol >= plain, symbol - plain < extra.count else { return symbol + least }
            let below = extra.prefix(symbol - plain).reduce(plain + least) { $0 + 1 << $1 }
            return below + input.take(extra[symbol - plain])
        }
    }
}
