/// Unpacks what gzip packed. Source: RFC 1951, RFC 1952.
struct Inflate {
    private let bytes: [UInt8]
    private let limit: Int
    private var place: Int
    private var held: UInt32 = 0
    private var heldCount = 0
    private var output: [UInt8] = []

    static func content(_ bytes: [UInt8], limit: Int) throws(PackedFile.Failure) -> [UInt8] {
        var inflate = Inflate(bytes: bytes, limit: limit, place: try end(ofHeader: bytes))
        try inflate.blocks()
        let output = inflate.output
        guard let sum = littleEndian(bytes, inflate.place, 4),
            let size = littleEndian(bytes, inflate.place + 4, 4)
        else { throw PackedFile.cutOff }
        guard size == UInt64(output.count), ReflectedCRC.of32.value(output[...]) == sum else {
            throw PackedFile.damaged
        }
        return output
    }

    private init(bytes: [UInt8], limit: Int, place: Int) {
        (self.bytes, self.limit, self.place) = (bytes, limit, place)
    }

    private static func end(ofHeader bytes: [UInt8]) throws(PackedFile.Failure) -> Int {
        guard bytes.count > 18 else { throw PackedFile.cutOff }
        let flags = bytes[3]
        var place = 10
        if flags & 4 != 0 {
            guard let extra = littleEndian(bytes, place, 2) else { throw PackedFile.cutOff }
            place += 2 + Int(extra)
        }
        // The name of the file, and a comment.
        for flag in [8, 16] as [UInt8] where flags & flag != 0 {
            guard place < bytes.count, let end = bytes[place...].firstIndex(of: 0) else {
                throw PackedFile.cutOff
            }
            place = end + 1
        }
        return place + (flags & 2 != 0 ? 2 : 0)
    }

    private mutating func bits(_ count: Int) throws(PackedFile.Failure) -> Int {
        while heldCount < count {
            guard place < bytes.count else { throw PackedFile.cutOff }
            held |= UInt32(bytes[place]) << UInt32(heldCount)
            place += 1
            heldCount += 8
        }
        let value = held & (1 << UInt32(count) - 1)
        held >>= UInt32(count)
        heldCount -= count
        return Int(value)
    }

    private mutating func blocks() throws(PackedFile.Failure) {
        var isLast = false
        while !isLast {
            isLast = try bits(1) == 1
            switch try bits(2) {
            case 0: try stored()
            case 1: try packed(Self.fixedLiterals, Self.fixedDistances)
            case 2:
                let (literals, distances) = try codes()
                try packed(literals, distances)
            default: throw PackedFile.damaged
            }
        }
    }

    private mutating func stored() throws(PackedFile.Failure) {
        // The rest of the byte is left out; whole bytes are never held.
        (held, heldCount) = (0, 0)
        guard let length = littleEndian(bytes, place, 2),
            let other = littleEndian(bytes, place + 2, 2)
        else { throw PackedFile.cutOff }
        guard length == ~other & 0xFFFF else { throw PackedFile.damaged }
        place += 4
        guard Int(length) <= bytes.count - place else { throw PackedFile.cutOff }
        guard Int(length) <= limit - output.count else { throw PackedFile.tooLarge }
        output += bytes[place..<(place + Int(length))]
        place += Int(length)
    }

    /// A canonical Huffman code: how many codes there are of each length, and their symbols in order.
    private struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        init(lengths: [Int]) {
            for length in lengths where length > 0 { counts[length] += 1 }
            for length in 1..<16 {
                symbols += lengths.indices.filter { lengths[$0] == length }
            }
        }
    }

    private static let fixedLiterals = Code(
        lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = Code(lengths: [Int](repeating: 5, count: 30))

    private mutating func symbol(_ code: Code) throws(PackedFile.Failure) -> Int {
        var value = 0
        var first = 0
        var index = 0
        for length in 1..<16 {
            value |= try bits(1)
            let count = code.counts[length]
            if value - first < count {
                let found = index + value - first
                guard code.symbols.indices.contains(found) else { throw PackedFile.damaged }
                return code.symbols[found]
            }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw PackedFile.damaged
    }

    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private mutating func codes() throws(PackedFile.Failure) -> (Code, Code) {
        let literals = try bits(5) + 257
        let distances = try bits(5) + 1
        let count = try bits(4) + 4
        var lengths = [Int](repeating: 0, count: 19)
        for index in 0..<count { lengths[Self.order[index]] = try bits(3) }
        let code = Code(lengths: lengths)
        lengths = []
        while lengths.count < literals + distances {
            let symbol = try symbol(code)
            let (value, times) =
                switch symbol {
                case 16: (lengths.last, try bits(2) + 3)
                case 17: (0, try bits(3) + 3)
                case 18: (0, try bits(7) + 11)
                default: (symbol, 1)
                }
            guard let value, times <= literals + distances - lengths.count else {
                throw PackedFile.damaged
            }
            lengths += [Int](repeating: value, count: times)
        }
        return (
            Code(lengths: Array(lengths[..<literals])), Code(lengths: Array(lengths[literals...]))
        )
    }

    private mutating func packed(
        _ literals: Code, _ distances: Code
    ) throws(PackedFile.Failure) {
        while true {
            let symbol = try symbol(literals)
            if symbol == 256 { return }
            if symbol < 256 {
                guard output.count < limit else { throw PackedFile.tooLarge }
                output.append(UInt8(symbol))
                continue
            }
            let length = try self.length(symbol - 257)
            let distance = try self.distance(try self.symbol(distances))
            try output.repeatBytes(from: distance, count: length, limit: limit)
        }
    }

    private mutating func length(_ code: Int) throws(PackedFile.Failure) -> Int {
        if code < 8 { return code + 3 }
        guard code < 28 else {
            guard code == 28 else { throw PackedFile.damaged }
            return 258
        }
        let extra = code / 4 - 1
        return (4 + code % 4) << extra + 3 + (try bits(extra))
    }

    private mutating func distance(_ code: Int) throws(PackedFile.Failure) -> Int {
        if code < 4 { return code + 1 }
        guard code < 30 else { throw PackedFile.damaged }
        let extra = code / 2 - 1
        return (2 + code % 2) << extra + 1 + (try bits(extra))
    }
}
