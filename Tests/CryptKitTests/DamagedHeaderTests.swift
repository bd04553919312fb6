import CryptKit
import Foundation
import LUKSFixtures
import Testing

extension CryptDeviceTests {
    /// What cannot be a header that opens: said of the right file, and in words that help.
    @Suite struct DamagedHeaderTests {
        private static let backup =
            " A backup is put back by 'cryptsetup luksHeaderRestore', or used as it is with header=FILE."

        /// Writes `bytes` at each of `offsets`.
        private func overwrite(_ path: String, _ bytes: [UInt8], at offsets: Int...) throws {
            let file = try #require(FileHandle(forUpdatingAtPath: path))
            for offset in offsets {
                try file.seek(toOffset: UInt64(offset))
                try file.write(contentsOf: bytes)
            }
            try file.close()
        }

        /// What opening and proving the passphrase comes to.
        private func error(
            _ image: LUKSImage, _ passphrase: String = "x", keyslot: Int? = nil
        ) throws -> String {
            do {
                let device = try CryptDevice(path: image.path, header: image.header, for: .look)
                var bytes = Array(passphrase.utf8)
                try bytes.withUnsafeMutableBytes { buffer in
                    _ = try device.test(
                        passphrase: UnsafeRawBufferPointer(buffer), keyslot: keyslot)
                }
                return "opens"
            } catch let error as CryptError {
                return error.description
            }
        }

        /// Each copy has a checksum, which lies 448 bytes behind its begin. Source: cryptsetup docs/on-disk-format-luks2.
        @Test(arguments: [false, true])
        func bothCopiesAreDamaged(detached: Bool) throws {
            let image = try LUKSImage(type: "LUKS2", passphrase: "x", detached: detached)
            let path = image.header ?? image.path
            try overwrite(path, [1, 2, 3, 4], at: 448)
            #expect(try error(image) == "opens")
            try overwrite(path, [1, 2, 3, 4], at: 0x4000 + 448)
            #expect(
                try error(image)
                    == "\(path) has a LUKS header that cannot be used: It is damaged."
                    + Self.backup)
        }

        @Test func theFirstCopyIsOverwritten() throws {
            let image = try LUKSImage(type: "LUKS2", passphrase: "x")
            try overwrite(image.path, Array(repeating: 0, count: 0x4000), at: 0)
            #expect(try error(image) == "opens")
            try overwrite(image.path, [1, 2, 3, 4], at: 0x4000 + 448)
            #expect(try error(image).contains("has a LUKS header that cannot be used"))
        }

        /// Whichever copy is damaged, the other one serves, and the disk stays as it is: that is for who opens it to change.
        @Test(arguments: [0, 0x4000], [false, true])
        func aLookWritesNothing(copy: Int, detached: Bool) throws {
            let image = try LUKSImage(type: "LUKS2", passphrase: "x", detached: detached)
            let path = image.header ?? image.path
            try overwrite(path, [1, 2, 3, 4], at: copy + 448)
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(try error(image) == "opens")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }

        /// Half a copy of a backup, and the file of a device that was cut.
        @Test(
            arguments: [
                ("LUKS2", 0), ("LUKS2", 3), ("LUKS2", 4096), ("LUKS2", 20_000), ("LUKS2", 1 << 20),
                ("LUKS1", 600), ("LUKS1", 4096),
            ], [false, true])
        func aCutHeader(_ cut: (type: String, bytes: Int), detached: Bool) throws {
            let image = try LUKSImage(type: cut.type, passphrase: "x", detached: detached)
            let path = image.header ?? image.path
            #expect(truncate(path, off_t(cut.bytes)) == 0)
            let words = try error(image)
            #expect(
                words
                    == "\(path) is a file of \(cut.bytes) bytes, too short for a header. Is it copied whole?"
                    || words.hasPrefix("\(path) has a LUKS header that cannot be used: ")
                        && words.hasSuffix(Self.backup),
                "\(words)")
        }

        /// LUKS1 has the names of cipher, mode and hash in plain text. Source: its on-disk format specification, figure 1.
        @Test func whatNobodyKnows() throws {
            let image = try LUKSImage(type: "LUKS1", passphrase: "x")
            try overwrite(image.path, Array("sha999\0".utf8), at: 72)
            let hash = try error(image)
            #expect(hash.contains("sha999"), "\(hash)")
            try overwrite(image.path, Array("sha256\0".utf8), at: 72)
            #expect(try error(image) == "opens")
            try overwrite(image.path, Array("anker\0".utf8), at: 8)
            let cipher = try error(image)
            #expect(cipher.hasPrefix("\(image.path) could not be opened: "), "\(cipher)")
            #expect(
                cipher.hasSuffix(
                    " Its cipher is anker-xts-plain64, which this kernel may lack: 'davit modules load' loads modules."
                ), "\(cipher)")
        }

        @Test(arguments: ["LUKS1", "LUKS2"])
        func keyslotsWithoutAKey(type: String) throws {
            let image = try LUKSImage(type: type, passphrase: "x")
            #expect(try error(image, keyslot: 0) == "opens")
            for keyslot in [3, 99] {
                #expect(
                    try error(image, keyslot: keyslot)
                        == "Key slot \(keyslot) of \(image.path), which keyslot= names, holds no key."
                )
            }
            try image.erase()
            #expect(
                try error(image)
                    == "No key slot of \(image.path) holds a key: nothing opens it but a backup of its header."
            )
        }

        @Test func whatIsNoDisk() throws {
            let image = try LUKSImage(type: "LUKS2", passphrase: "x")
            for place in [image.directory, "/dev/null"] {
                for (path, header) in [(place, nil), (image.path, place)] {
                    let error = #expect(throws: CryptError.self) {
                        _ = try CryptDevice(path: path, header: header, for: .look)
                    }
                    #expect(
                        error?.description
                            == "\(place) is neither a block device nor an image file.")
                }
            }
            let absent = #expect(throws: CryptError.self) {
                _ = try CryptDevice(path: image.path, header: "/no/header", for: .look)
            }
            #expect(
                absent?.description == "/no/header cannot be opened: No such file or directory.")
        }

        /// The disk is pulled while the key is derived.
        @Test func whatGoesAwayInTheMiddle() throws {
            let image = try LUKSImage(type: "LUKS2", passphrase: "x")
            let device = try CryptDevice(path: image.path, for: .look)
            let disk = try #require(FileHandle(forUpdatingAtPath: image.path))
            unlink(image.path)
            // Whoever has it open gets nothing from it any more, either.
            #expect(ftruncate(disk.fileDescriptor, 0) == 0)
            var bytes = Array("x".utf8)
            #expect(
                throws: CryptError.away(path: image.path, reason: "No such file or directory")
            ) {
                try bytes.withUnsafeMutableBytes { buffer in
                    _ = try device.test(passphrase: UnsafeRawBufferPointer(buffer))
                }
            }
        }
    }
}
