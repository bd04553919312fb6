/// The section table of an ELF file of either width and byte order, read without trust in any of its numbers.
/// Source: elf(5).
struct ELFSections {
    private let bytes: [UInt8]
    private let isWide: Bool
    private let isLittle: Bool

    init(_ bytes: [UInt8]) throws(ModuleImage.Malformed) {
        guard bytes.count > 64, bytes[..<4] == [0x7F, 0x45, 0x4C, 0x46] else {
            throw .init("it does not begin like an ELF file")
        }
        guard [1, 2].contains(bytes[4]), [1, 2].contains(bytes[5]) else {
            throw .init("its ELF header names no width or byte order")
        }
        self.bytes = bytes
        isWide = bytes[4] == 2
        isLittle = bytes[5] == 1
    }

    func content(of wanted: String) throws(ModuleImage.Malformed) -> ArraySlice<UInt8> {
        let table = number(at: isWide ? 0x28 : 0x20, isWide ? 8 : 4) ?? 0
        let size = number(at: isWide ? 0x3A : 0x2E, 2) ?? 0
        let count = number(at: isWide ? 0x3C : 0x30, 2) ?? 0
        let namesIndex = number(at: isWide ? 0x3E : 0x32, 2) ?? 0
        func header(_ index: Int) -> Int? {
            let (offset, overflow) = index.multipliedReportingOverflow(by: size)
            guard !overflow, index < count else { return nil }
            let (start, beyond) = table.addingReportingOverflow(offset)
            return beyond ? nil : start
        }
        guard let namesHeader = header(namesIndex), let names = run(namesHeader) else {
            throw .init("its table of sections is cut off")
        }
        for index in 0..<count {
            guard let start = header(index), let offset = number(at: start, 4),
                offset < names.count
            else { continue }
            let name = names.dropFirst(offset).prefix { $0 != 0 }
            guard String(decoding: name, as: UTF8.self) == wanted else { continue }
            guard let content = run(start) else { throw .init("its section \(wanted) is cut off") }
            return content
        }
        throw .init("it has no section \(wanted)")
    }

    /// The content of the section whose header is at `header`.
    private func run(_ header: Int) -> ArraySlice<UInt8>? {
        guard let start = field(header, wide: 0x18, narrow: 0x10),
            let size = field(header, wide: 0x20, narrow: 0x14)
        else { return nil }
        let (end, overflow) = start.addingReportingOverflow(size)
        guard !overflow, start <= end, end <= bytes.count else { return nil }
        return bytes[start..<end]
    }

    private func field(_ header: Int, wide: Int, narrow: Int) -> Int? {
        let (offset, overflow) = header.addingReportingOverflow(isWide ? wide : narrow)
        return overflow ? nil : number(at: offset, isWide ? 8 : 4)
    }

    /// `nil` outside of the file, and for numbers that no file can hold.
    private func number(at offset: Int, _ width: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - width else { return nil }
        let run = bytes[offset..<(offset + width)]
        let value = (isLittle ? Array(run.reversed()) : Array(run)).reduce(UInt64(0)) {
            $0 << 8 | UInt64($1)
        }
        return Int(exactly: value)
    }
}
