import Testing

@testable import RepairCore

/// What a program needs, read from its first bytes.
struct ProgramFileTests {
    /// An ELF header with one program header, of PT_INTERP where there is a loader.
    private func elf(
        wide: Bool, big: Bool, machine: UInt16, loader: String?
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        func put(_ value: UInt64, _ size: Int, _ at: Int) {
            for index in 0..<size {
                let shift = UInt64(big ? size - 1 - index : index) * 8
                bytes[at + index] = UInt8(truncatingIfNeeded: value >> shift)
            }
        }
        bytes.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, wide ? 2 : 1, big ? 2 : 1])
        put(UInt64(machine), 2, 18)
        put(64, wide ? 8 : 4, wide ? 32 : 28)
        put(wide ? 56 : 32, 2, wide ? 54 : 42)
        put(1, 2, wide ? 56 : 44)
        put(loader == nil ? 1 : 3, 4, 64)
        put(128, wide ? 8 : 4, 64 + (wide ? 8 : 4))
        let name = Array((loader ?? "").utf8) + [0]
        put(UInt64(name.count), wide ? 8 : 4, 64 + (wide ? 32 : 16))
        bytes.replaceSubrange(128..<(128 + name.count), with: name)
        return bytes
    }

    @Test(arguments: [true, false], [true, false])
    func elf(_ wide: Bool, _ big: Bool) throws {
        let linked = elf(wide: wide, big: big, machine: 62, loader: "/lib/ld.so.1")
        let program = try #require(ProgramFile(DiskImage(linked)))
        #expect(program.interpreter == "/lib/ld.so.1")
        #expect(program.machine == .init(number: 62, is64Bit: wide, isBigEndian: big))
        let alone = elf(wide: wide, big: big, machine: 183, loader: nil)
        let other = try #require(ProgramFile(DiskImage(alone)))
        #expect(other.interpreter == nil)
        #expect(other.machine?.number == 183)
    }

    @Test func whatMayRun() {
        func machine(_ number: UInt16, _ is64Bit: Bool, big: Bool = false) -> ProgramFile.Machine {
            .init(number: number, is64Bit: is64Bit, isBigEndian: big)
        }
        #expect(machine(62, true).mayRun(machine(62, true)))
        #expect(machine(62, true).mayRun(machine(3, false)))
        #expect(!machine(62, true).mayRun(machine(183, true)))
        #expect(machine(183, true).mayRun(machine(40, false)))
        #expect(!machine(243, false).mayRun(machine(243, true)))
        #expect(!machine(21, true).mayRun(machine(21, true, big: true)))
    }

    @Test(
        arguments: [
            ("#!/bin/sh -e\n", "/bin/sh"), ("#! /usr/bin/perl", "/usr/bin/perl"), ("#!sh\n", nil),
            ("\u{7F}ELF", nil), ("echo\n", nil), ("#", nil),
        ] as [(String, String?)])
    func scripts(_ text: String, _ interpreter: String?) {
        let program = ProgramFile(DiskImage(Array(text.utf8)))
        #expect(program?.interpreter == interpreter)
        #expect(program?.machine == nil)
    }

    /// Cut anywhere, and with any byte changed, it is read without harm.
    @Test func hostile() {
        let whole = elf(wide: true, big: false, machine: 62, loader: "/lib/ld.so.1")
        for count in 0..<whole.count { _ = ProgramFile(DiskImage(Array(whole[..<count]))) }
        for at in 0..<128 {
            for value in [UInt8(0), 0x7F, 0xFF] {
                var bytes = whole
                bytes[at] = value
                _ = ProgramFile(DiskImage(bytes))
            }
        }
    }
}
