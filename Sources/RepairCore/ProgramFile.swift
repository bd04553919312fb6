/// What the kernel needs to start a file: the processor that it was built for, and its loader or interpreter.
/// Source: elf(5), Linux fs/binfmt_elf.c and fs/binfmt_script.c.
package struct ProgramFile: Sendable, Equatable {
    /// For whom an ELF file was built.
    package struct Machine: Sendable, Equatable {
        package let number: UInt16
        package let is64Bit: Bool
        package let isBigEndian: Bool

        /// As people call it.
        package var words: String {
            let name =
                switch number {
                case 2, 18, 43: "SPARC"
                case 3: "x86 (32 bits)"
                case 8: "MIPS"
                case 20: "PowerPC (32 bits)"
                case 21: "PowerPC"
                case 22: "s390"
                case 40: "ARM (32 bits)"
                case 62: "x86-64"
                case 183: "ARM64"
                case 243: "RISC-V"
                case 258: "LoongArch"
                default: "processor \(number)"
                }
            return isBigEndian && number != 22 ? "\(name), big-endian" : name
        }

        /// Whether a kernel for this one may run `other`: its own, and those of the smaller brother.
        package func mayRun(_ other: Machine) -> Bool {
            guard isBigEndian == other.isBigEndian else { return false }
            let brothers: [(UInt16, UInt16)] = [(62, 3), (183, 40), (21, 20)]
            return number == other.number && (is64Bit || !other.is64Bit)
                || brothers.contains { $0 == (number, other.number) }
        }
    }

    /// `nil` for a script.
    package private(set) var machine: Machine?
    /// The loader of a dynamically linked program, or a script's interpreter; `nil` where it needs none.
    package private(set) var interpreter: String?

    /// `nil` for what is neither a program nor a script that says by whom it is read.
    package init?(_ image: DiskImage) {
        guard let start = image.read(0, Int(min(image.size, 256))) else { return nil }
        if start.holds("#!", at: 0) {
            var line = Line(start.bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") })
            line.skipSpace()
            let path = line.text.prefix { $0 != " " && $0 != "?" }
            guard path.hasPrefix("/") else { return nil }
            interpreter = String(path)
            return
        }
        guard start.u8(0) == 0x7F, start.holds("ELF", at: 1), start.count >= 64,
            (1...2).contains(start.u8(4)), (1...2).contains(start.u8(5))
        else { return nil }
        let isWide = start.u8(4) == 2
        let isSwapped = start.u8(5) == 2
        func half(_ block: DiskBytes, _ at: Int) -> UInt16 {
            isSwapped ? block.be16(at) : block.le16(at)
        }
        func word(_ block: DiskBytes, _ at: Int) -> UInt64 {
            isWide
                ? isSwapped ? block.be64(at) : block.le64(at)
                : UInt64(isSwapped ? block.be32(at) : block.le32(at))
        }
        machine = Machine(number: half(start, 18), is64Bit: isWide, isBigEndian: isSwapped)
        let size = Int(half(start, isWide ? 54 : 42))
        let count = Int(half(start, isWide ? 56 : 44))
        guard size >= (isWide ? 56 : 32), size <= 1024, count > 0, count <= 1024,
            let table = image.read(word(start, isWide ? 32 : 28), size * count)
        else { return }
        for at in stride(from: 0, to: size * count, by: size) {
            // PT_INTERP
            guard (isSwapped ? table.be32(at) : table.le32(at)) == 3 else { continue }
            let length = word(table, at + (isWide ? 32 : 16))
            guard length > 0, length <= 4096,
                let name = image.read(word(table, at + (isWide ? 8 : 4)), Int(length))
            else { return }
            interpreter = name.text(0, name.count)
            return
        }
    }
}
