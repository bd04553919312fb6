import CLab
import Foundation
import Testing

struct PayloadTests {
    /// A plain image of one repeated byte, as the disk has it.
    private func encrypted(size: Int, sectorSize: Int) throws -> [UInt8] {
        let directory = FileManager.default.temporaryDirectory
        let plain = directory.appending(path: "davit-lab-\(UUID().uuidString)")
        let cipher = plain.appendingPathExtension("encrypted")
        defer {
            try? FileManager.default.removeItem(at: plain)
            try? FileManager.default.removeItem(at: cipher)
        }
        try Data(repeating: 0x44, count: size).write(to: plain)
        try Data().write(to: cipher)
        let source = try FileHandle(forReadingFrom: plain)
        let target = try FileHandle(forWritingTo: cipher)
        let key = [UInt8](repeating: 0x11, count: 16) + [UInt8](repeating: 0x22, count: 16)
        let failed = lab_encrypt_payload(
            source.fileDescriptor, target.fileDescriptor, 0, off_t(size), key, key.count,
            sectorSize)
        #expect(failed == 0)
        return Array(try Data(contentsOf: cipher))
    }

    @Test("Sectors of 4096 bytes count in units of 512, as dm-crypt's do.")
    func sectorNumbers() throws {
        let small = try encrypted(size: 8192, sectorSize: 512)
        let large = try encrypted(size: 8192, sectorSize: 4096)
        // A sector's first 512 bytes depend on its number and the key alone.
        #expect(small[..<512] == large[..<512])
        #expect(small[4096..<4608] == large[4096..<4608])
        #expect(small[512..<1024] != large[512..<1024])
        #expect(small[..<512] != small[512..<1024])
    }

    @Test("A length that is no whole number of sectors is refused.")
    func partialSector() {
        let key = [UInt8](repeating: 1, count: 64)
        #expect(lab_encrypt_payload(-1, -1, 0, 1000, key, 64, 512) == EINVAL)
        #expect(lab_encrypt_payload(-1, -1, 0, 512, key, 64, 0) == EINVAL)
        #expect(lab_encrypt_payload(-1, -1, 0, 512, key, 63, 512) == EINVAL)
    }
}
