/// The chunks of LZMA2, and LZMA in them.
struct LZMADecoder {
    private let bytes: [UInt8]
    private let limit: Int
    private(set) var place: Int
    private(set) var output: [UInt8]
    /// Where the dictionary begins in the output.
    private var origin: Int
    private var range: UInt32 = 0
    private var code: UInt32 = 0
    private var isCutOff = false
    private var probabilities: [UInt16] = []
    private var state = 0
    private var repeated = (0, 0, 0, 0)
    private var literalContext = 0
    private var literalPosition = 0
    private var positionMask = 0

    /// Where in `probabilities` what is.
    private enum Model {
        static let isMatch = 0
        static let isRepeated = 192
        static let isRepeated0 = 204
        static let isRepeated1 = 216
        static let isRepeated2 = 228
        static let isLong = 240
        static let slots = 432
        static let distances = 688
        static let align = 803
        static let length = 819
        static let repeatedLength = 1333
        static let literals = 1847
    }

    init(_ bytes: [UInt8], at place: Int, output: [UInt8], limit: Int) {
        (self.bytes, self.place, self.output, self.limit) = (bytes, place, output, limit)
        origin = output.count
    }

    private func number(_ place: Int) throws(PackedFile.Failure) -> Int {
        guard place <= bytes.count - 2 else { throw PackedFile.cutOff }
        return Int(bytes[place]) << 8 | Int(bytes[place + 1])
    }

    mutating func run() throws(PackedFile.Failure) {
        while true {
            guard place < bytes.count else { throw PackedFile.cutOff }
            let control = Int(bytes[place])
            place += 1
            if control == 0 { return }
            if control == 1 || control >= 0xE0 { origin = output.count }
            if control < 0x80 {
                guard control <= 2 else { throw PackedFile.damaged }
                try copy()
            } else {
                try unpack(control)
            }
        }
    }

    private mutating func copy() throws(PackedFile.Failure) {
        let size = try number(place) + 1
        place += 2
        guard size <= bytes.count - place else { throw PackedFile.cutOff }
        guard size <= limit - output.count else { throw PackedFile.tooLarge }
        output += bytes[place..<(place + size)]
        place += size
    }

    private mutating func unpack(_ control: Int) throws(PackedFile.Failure) {
        let size = (control & 0x1F) << 16 + (try number(place)) + 1
        let packed = try number(place + 2) + 1
        place += 4
        if control >= 0xC0 {
            guard place < bytes.count else { throw PackedFile.cutOff }
            try setProperties(Int(bytes[place]))
            place += 1
        }
        if control >= 0xA0 { reset() }
        guard !probabilities.isEmpty else { throw PackedFile.damaged }
        guard packed <= bytes.count - place, packed >= 5 else { throw PackedFile.cutOff }
        guard size <= limit - output.count else { throw PackedFile.tooLarge }
        let end = place + packed
        range = .max
        code = 0
        for _ in 0..<5 { code = code << 8 | next() }
        let whole = output.count + size
        while output.count < whole {
            try step(whole)
            guard !isCutOff else { throw PackedFile.cutOff }
        }
        place = end
    }

    private mutating func setProperties(_ byte: Int) throws(PackedFile.Failure) {
        guard byte < 225 else { throw PackedFile.damaged }
        literalContext = byte % 9
        literalPosition = byte / 9 % 5
        positionMask = 1 << (byte / 45) - 1
        guard literalContext + literalPosition <= 4 else { throw PackedFile.damaged }
        probabilities = [0]
    }

    private mutating func reset() {
        guard !probabilities.isEmpty else { return }
        let count = Model.literals + 0x300 << (literalContext + literalPosition)
        probabilities = [UInt16](repeating: 1024, count: count)
        state = 0
        repeated = (0, 0, 0, 0)
    }

    // MARK: The range decoder

    private mutating func next() -> UInt32 {
        guard place < bytes.count else {
            isCutOff = true
            return 0
        }
        place += 1
        return UInt32(bytes[place - 1])
    }

    private mutating func normalize() {
        guard range < 1 << 24 else { return }
        range <<= 8
        code = code << 8 | next()
    }

    private mutating func bit(_ index: Int) -> Int {
        let probability = probabilities[index]
        let bound = (range >> 11) &* UInt32(probability)
        let isOne = code >= bound
        if isOne {
            range &-= bound
            code &-= bound
            probabilities[index] = probability - probability >> 5
        } else {
            range = bound
            probabilities[index] = probability + (2048 - probability) >> 5
        }
        normalize()
        return isOne ? 1 : 0
    }

    private mutating func tree(_ base: Int, bits: Int) -> Int {
        var value = 1
        for _ in 0..<bits { value = value << 1 | bit(base + value) }
        return value - 1 << bits
    }

    private mutating func reverseTree(_ base: Int, bits: Int) -> Int {
        var node = 1
        var value = 0
        for index in 0..<bits {
            let one = bit(base + node)
            node = node << 1 | one
            value |= one << index
        }
        return value
    }

    private mutating func direct(bits: Int) -> Int {
        var value = 0
        for _ in 0..<bits {
            range >>= 1
            let isOne = code >= range
            if isOne { code &-= range }
            value = value << 1 | (isOne ? 1 : 0)
            normalize()
        }
        return value
    }

    // MARK: Literals and matches

    private mutating func step(_ whole: Int) throws(PackedFile.Failure) {
        let position = (output.count - origin) & positionMask
        guard bit(Model.isMatch + state << 4 + position) == 1 else {
            try literal()
            return
        }
        let length: Int
        if bit(Model.isRepeated + state) == 0 {
            repeated = (0, repeated.0, repeated.1, repeated.2)
            length = self.length(Model.length, position)
            repeated.0 = distance(min(length - 2, 3))
            state = state < 7 ? 7 : 10
        } else if bit(Model.isRepeated0 + state) == 0 {
            if bit(Model.isLong + state << 4 + position) == 0 {
                state = state < 7 ? 9 : 11
                try output.repeatBytes(
                    from: repeated.0 + 1, count: 1, since: origin, limit: limit)
                return
            }
            length = self.length(Model.repeatedLength, position)
            state = state < 7 ? 8 : 11
        } else {
            if bit(Model.isRepeated1 + state) == 0 {
                repeated = (repeated.1, repeated.0, repeated.2, repeated.3)
            } else if bit(Model.isRepeated2 + state) == 0 {
                repeated = (repeated.2, repeated.0, repeated.1, repeated.3)
            } else {
                repeated = (repeated.3, repeated.0, repeated.1, repeated.2)
            }
            length = self.length(Model.repeatedLength, position)
            state = state < 7 ? 8 : 11
        }
        guard length <= whole - output.count else { throw PackedFile.damaged }
        try output.repeatBytes(from: repeated.0 + 1, count: length, since: origin, limit: limit)
    }

    private mutating func literal() throws(PackedFile.Failure) {
        let before = output.count > origin ? Int(output[output.count - 1]) : 0
        let low = (output.count - origin) & (1 << literalPosition - 1)
        let context = low << literalContext + before >> (8 - literalContext)
        let base = Model.literals + 0x300 * context
        var symbol = 1
        if state >= 7 {
            guard repeated.0 < output.count - origin else { throw PackedFile.damaged }
            var match = Int(output[output.count - repeated.0 - 1])
            while symbol < 0x100 {
                let matching = match >> 7 & 1
                match <<= 1
                let one = bit(base + (1 + matching) << 8 + symbol)
                symbol = symbol << 1 | one
                if one != matching { break }
            }
        }
        while symbol < 0x100 { symbol = symbol << 1 | bit(base + symbol) }
        output.append(UInt8(symbol & 0xFF))
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
    }

    private mutating func length(_ model: Int, _ position: Int) -> Int {
        if bit(model) == 0 { return 2 + tree(model + 2 + position << 3, bits: 3) }
        if bit(model + 1) == 0 { return 10 + tree(model + 130 + position << 3, bits: 3) }
        return 18 + tree(model + 258, bits: 8)
    }

    private mutating func distance(_ lengthState: Int) -> Int {
        let slot = tree(Model.slots + lengthState << 6, bits: 6)
        guard slot >= 4 else { return slot }
        let count = slot >> 1 - 1
        let base = (2 | slot & 1) << count
        if slot < 14 { return base + reverseTree(Model.distances + base - slot, bits: count) }
        let high = direct(bits: count - 4) << 4
        return base + high + reverseTree(Model.align, bits: 4)
    }
}
