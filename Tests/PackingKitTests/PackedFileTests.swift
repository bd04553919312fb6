import Foundation
import Testing

@testable import PackingKit

/// What gzip, xz and zstd pack is what comes out; what is cut off or damaged is said, and never traps.
struct PackedFileTests {
    /// The tools as distributions call them for modules, and ways of theirs that lead through other parts of the formats.
    static let tools = [
        ["gzip", "-n", "-9"], ["gzip", "-1"], ["xz", "--check=crc32", "--lzma2=dict=1MiB"],
        ["xz", "-0"], ["xz", "--check=none"], ["xz", "--check=sha256", "--block-size=20000"],
        ["xz", "--lzma2=preset=6,lc=1,lp=2,pb=0"], ["xz", "--x86", "--lzma2"],
        ["zstd", "-q", "-19"], ["zstd", "-q", "-1"],
        ["zstd", "-q", "-3", "--no-check"], ["zstd", "-q", "--ultra", "-22"],
    ]

    /// Bytes of several kinds: a program, text, runs, noise, little, nothing.
    static let contents: [[UInt8]] = {
        var seed: UInt64 = 5
        func random() -> UInt8 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1
            return UInt8(seed >> 56)
        }
        let program =
            (try? Data(contentsOf: URL(fileURLWithPath: "/bin/sh"))).map {
                Array($0.prefix(60_000))
            } ?? []
        let text = (0..<9000).flatMap { Array("symbol_\($0 * 7919 % 500) needs \($0 % 13)\n".utf8) }
        let noise = (0..<20_000).map { _ in random() }
        let few = (0..<20_000).map { _ in random() & random() & random() }
        return [
            program, text, noise, few, [UInt8](repeating: 7, count: 140_000), noise + noise,
            Array("a".utf8), Array("abcabcabcabcabcabcabc".utf8), [],
        ]
    }()

    static func packed(_ content: [UInt8], _ tool: [String]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = tool + ["-c"]
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("davit-packed-\(UUID().uuidString)")
        try Data(content).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(bytes)
    }

    @Test(arguments: tools)
    func `what was packed comes out`(tool: [String]) throws {
        for content in Self.contents {
            let packed = try Self.packed(content, tool)
            #expect(packed != content)
            #expect(try PackedFile.content(packed, limit: 1 << 24) == content)
        }
    }

    @Test(arguments: tools)
    func `what is cut off is refused`(tool: [String]) throws {
        let packed = try Self.packed(Self.contents[7], tool)
        for length in 6..<packed.count {
            #expect(throws: PackedFile.Failure.self, "\(length) of \(packed.count)") {
                try PackedFile.content(Array(packed.prefix(length)), limit: 1 << 24)
            }
        }
    }

    @Test(arguments: tools)
    func `what is mangled never traps, and checksums are compared`(tool: [String]) throws {
        let content = Array(Self.contents[1].prefix(1500))
        let packed = try Self.packed(content, tool)
        let isChecked = !tool.contains {
            ["--check=none", "--no-check"].contains($0)
        }
        for place in 6..<packed.count {
            for change in [0x01, 0x80, 0xFF] as [UInt8] {
                var mangled = packed
                mangled[place] ^= change
                let found = try? PackedFile.content(mangled, limit: 1 << 20)
                if isChecked, let found { #expect(found == content) }
            }
        }
    }

    @Test(arguments: [["gzip"], ["xz"], ["zstd", "-q"]])
    func `no upload fills the memory`(tool: [String]) throws {
        let packed = try Self.packed([UInt8](repeating: 0, count: 1 << 20), tool)
        #expect(throws: PackedFile.Failure.tooLarge) {
            try PackedFile.content(packed, limit: 1 << 20 - 1)
        }
        #expect(try PackedFile.content(packed, limit: 1 << 20).count == 1 << 20)
    }

    @Test func `files that follow each other come out as one, and what is none is refused`() throws
    {
        let first = Array(Self.contents[1].prefix(3000))
        let second = Array("abc".utf8)
        for tool in [["gzip"], ["xz"], ["zstd", "-q"]] {
            let packed = try Self.packed(first, tool) + Self.packed(second, tool)
            #expect(try PackedFile.content(packed, limit: 1 << 20) == first + second)
            #expect(throws: PackedFile.Failure.self) {
                try PackedFile.content(packed + second, limit: 1 << 20)
            }
        }
    }

    @Test func `xz needs no more memory than its presets`() throws {
        let packed = try Self.packed(Self.contents[1], ["xz", "--lzma2=dict=256MiB"])
        #expect(throws: PackedFile.Failure.noMemory) {
            try PackedFile.content(packed, limit: 1 << 24)
        }
    }
}
