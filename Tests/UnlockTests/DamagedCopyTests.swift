import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// LUKS2 keeps its header twice, and libcryptsetup mends a damaged copy from the other one as soon as it is let.
@Suite struct DamagedCopyTests {
    /// A wrong passphrase opens nothing here, with a device mapper or without; the header has been read for opening all the same.
    @Test(arguments: [0, 0x4000])
    func aDamagedHeaderIsMendedByWhoOpensAndByNobodyElse(copy: Int) throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "boat")
        let tab = try program.file("crypttab", "root \(image.path) none luks\n")
        let readOnly = try program.file("readonly", "root \(image.path) none luks,readonly\n")
        let whole = try header(image)
        let file = try FileDescriptor(opening: image.path, O_WRONLY)
        #expect(lseek(file.number, off_t(copy + 448), SEEK_SET) == copy + 448)
        try file.write([1, 2, 3, 4])
        let damaged = try header(image)
        #expect(damaged != whole)

        let list = try program.run(["unlock", "--list", "--crypttab", tab])
        #expect(list.output.contains("root  locked"))
        #expect(try header(image) == damaged)
        let test = try program.run(["unlock", "--test", "--crypttab", tab], input: "boat")
        #expect(test.output == "root: the passphrase is right.")
        #expect(try header(image) == damaged)
        let careful = try program.run(["unlock", "--crypttab", readOnly], input: "wrong")
        #expect(careful.errors.contains("Not open: root."))
        #expect(try header(image) == damaged)

        let opening = try program.run(["unlock", "--crypttab", tab], input: "wrong")
        #expect(opening.errors.contains("Not open: root."))
        // But for its salt and so its checksum, which are made anew.
        let mended = try header(image)
        let (salt, checksum) = (copy + 104..<copy + 168, copy + 448..<copy + 512)
        let others = mended.indices.filter { !salt.contains($0) && !checksum.contains($0) }
        #expect(others.filter { mended[$0] != whole[$0] } == [])
        #expect(mended[copy + 448..<copy + 452] != damaged[copy + 448..<copy + 452])
        let again = try program.run(["unlock", "--test", "--crypttab", tab], input: "boat")
        #expect(again.output == "root: the passphrase is right.")
    }

    private func header(_ image: LUKSImage) throws -> [UInt8] {
        Array(try Files.read(image.path, limit: 1 << 25).prefix(0x8000))
    }
}
