import CryptKit
import Foundation
import LUKSFixtures
import Testing

/// Real headers in files: what needs no device mapper. libcryptsetup is not thread-safe, hence one after the other.
@Suite(.serialized) struct CryptDeviceTests {
    @Test(arguments: ["LUKS1", "LUKS2"])
    func provesThePassphrase(type: String) throws {
        let image = try LUKSImage(type: type, passphrase: "boat 42")
        let device = try CryptDevice(path: image.path, for: .look)
        #expect(device.type == type)
        #expect(device.uuid.count == 36)
        #expect(try prove(device, "boat 42") == 0)
        #expect(throws: CryptError.wrongPassphrase(path: image.path)) {
            _ = try prove(device, "boat 43")
        }
        #expect(
            CryptError.wrongPassphrase(path: "/dev/sda").description
                == "No key slot of /dev/sda opens with this passphrase.")
    }

    @Test func readsWhatADerivationCosts() throws {
        let cheap = try LUKSImage(type: "LUKS1", passphrase: "x")
        let first = try #require(try slots(cheap.path).first)
        #expect(first.derivation == "pbkdf2")
        #expect(first.memoryKiB == 0)
        #expect(first.iterations >= 1000)
        let dear = try LUKSImage(type: "LUKS2", passphrase: "x")
        let second = try #require(try slots(dear.path).first)
        #expect(second.derivation == "argon2id")
        #expect(second.memoryKiB == 64)
        #expect(second.iterations == 4)
    }

    @Test func findsADetachedHeader() throws {
        let image = try LUKSImage(type: "LUKS2", passphrase: "x", detached: true)
        let header = try #require(image.header)
        #expect(throws: CryptError.noHeader(path: image.path, kind: "LUKS", words: "")) {
            _ = try CryptDevice(path: image.path, for: .look)
        }
        #expect(try prove(try CryptDevice(path: image.path, header: header, for: .look), "x") == 0)
    }

    @Test func namesAFileWithoutAHeader() throws {
        let image = try LUKSImage(type: "LUKS2", passphrase: "x")
        let empty = image.directory + "/empty.img"
        #expect(FileManager.default.createFile(atPath: empty, contents: Data(count: 1 << 20)))
        let error = #expect(throws: CryptError.self) {
            _ = try CryptDevice(path: empty, for: .look)
        }
        #expect(
            error?.description
                == "\(empty) holds no LUKS header. Give the partition that holds it, or add header=FILE to its entry."
        )
    }

    @Test func namesWhatIsNotThere() {
        let error = #expect(throws: CryptError.self) {
            _ = try CryptDevice(path: "/no/such/disk", for: .look)
        }
        #expect(error?.description == "/no/such/disk cannot be opened: No such file or directory.")
    }

    private func slots(_ path: String) throws -> [Keyslot] {
        let device = try CryptDevice(path: path, for: .look)
        return device.keyslots
    }

    private func prove(_ device: borrowing CryptDevice, _ passphrase: String) throws -> Int {
        var bytes = Array(passphrase.utf8)
        return try bytes.withUnsafeMutableBytes { buffer in
            try device.test(passphrase: UnsafeRawBufferPointer(buffer))
        }
    }
}
