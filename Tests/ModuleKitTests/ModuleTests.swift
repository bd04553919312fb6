import Foundation
import ModuleKit
import Testing

struct ModuleTests {
    @Test(arguments: [
        ("kernel/drivers/target/target_core_mod.ko", "target_core_mod"),
        ("/tmp/crc32c-generic.ko.xz", "crc32c_generic"), ("a.ko.zst", "a"), ("a.ko.gz", "a"),
        ("a.ko.bz2", nil), (".ko", nil), ("a.o", nil), ("", nil),
    ])
    func `a module is named by its file, with underscores`(path: String, name: String?) {
        #expect(ModuleTree.name(of: path) == name)
    }

    @Test func `modules dep names files and what they need`() {
        let entries = ModuleTree.index(
            """
            kernel/a/iscsi_target_mod.ko.xz: kernel/a/target_core_mod.ko.xz kernel/fs/configfs.ko.xz
            kernel/fs/configfs.ko.xz:
            /abs/x.ko:
            nonsense
            """, in: "/lib/modules/6.12")
        #expect(
            entries["iscsi_target_mod"]
                == .init(
                    path: "/lib/modules/6.12/kernel/a/iscsi_target_mod.ko.xz",
                    dependencies: ["target_core_mod", "configfs"]))
        #expect(entries["configfs"]?.dependencies == [])
        #expect(entries["x"]?.path == "/abs/x.ko")
        #expect(entries.count == 3)
    }

    /// A 64-bit ELF file of that byte order with the sections "", .modinfo and .shstrtab.
    static func elf(little: Bool, info: String) -> [UInt8] {
        func number(_ value: Int, _ width: Int) -> [UInt8] {
            let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return little ? bytes : bytes.reversed()
        }
        let names = Array("\0.modinfo\0.shstrtab\0".utf8)
        let content = Array(info.utf8)
        let table = 64 + names.count + content.count
        func section(_ name: Int, _ offset: Int, _ size: Int) -> [UInt8] {
            number(name, 4) + number(1, 4) + number(0, 8) + number(0, 8) + number(offset, 8)
                + number(size, 8) + [UInt8](repeating: 0, count: 24)
        }
        var header: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, little ? 1 : 2, 1, 0]
        header += [UInt8](repeating: 0, count: 0x28 - 8)
        header += number(table, 8)  // e_shoff
        header += [UInt8](repeating: 0, count: 0x3A - 0x30)
        header += number(64, 2) + number(3, 2) + number(2, 2)  // e_shentsize, e_shnum, e_shstrndx
        return header + names + content + section(0, 0, 0)
            + section(1, 64 + names.count, content.count) + section(10, 64, names.count)
    }

    static let info =
        "name=target_core-mod\0depends=configfs,crc-t10dif\0vermagic=6.1.0-56-amd64 SMP mod_unload\0"

    @Test(arguments: [true, false])
    func `a module says its name, what it needs and its kernel`(little: Bool) throws {
        let image = try ModuleImage(Self.elf(little: little, info: Self.info))
        #expect(image.name == "target_core_mod")
        #expect(image.dependencies == ["configfs", "crc_t10dif"])
        #expect(image.release == "6.1.0-56-amd64")
    }

    @Test func `a module that is cut off or mangled anywhere is refused and never traps`() {
        let whole = Self.elf(little: true, info: Self.info)
        // The last 24 bytes are fields of the last section header that nobody reads.
        for length in 0..<(whole.count - 24) {
            #expect(throws: ModuleImage.Malformed.self) {
                try ModuleImage(Array(whole.prefix(length)))
            }
        }
        for index in 0..<64 {
            for value in [0, 0x7F, 0xFF] as [UInt8] {
                var mangled = whole
                mangled[index] = value
                _ = try? ModuleImage(mangled)
            }
        }
    }

    @Test func `what is no module is said in words`() {
        #expect(throws: ModuleImage.Malformed("it does not begin like an ELF file")) {
            try ModuleImage([UInt8](repeating: 0, count: 100))
        }
        #expect(
            ModuleError.otherKernel(path: "/tmp/a.ko", builtFor: "6.1.0", running: "6.12.0")
                .description
                == "/tmp/a.ko is built for the kernel 6.1.0, and 6.12.0 runs. Upload the module of 6.12.0."
        )
    }

    @Test func `a path that is not there and a directory without modules are refused`() {
        #expect(throws: ModuleError.nothingThere(path: "/nonexistent/a.ko")) {
            try ModuleUpload(["/nonexistent/a.ko"])
        }
        #expect(throws: ModuleError.nothingThere(path: "/nonexistent/directory")) {
            try ModuleUpload(["/nonexistent/directory"])
        }
    }

    @Test func `a directory that is here is no name of a module`() throws {
        // Tests run at the top of the package.
        try #require(FileManager.default.fileExists(atPath: "man"))
        #expect(throws: ModuleError.nothingThere(path: "man")) { try ModuleUpload(["man"]) }
        #expect(try ModuleUpload(["loop"]).names == ["loop"])
    }
}
