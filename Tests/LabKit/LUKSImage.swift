import CLab
import Foundation

/// Turns a plain image into a LUKS2 disk without a device mapper: this host may have none.
struct LUKSImage: Sendable {
    /// Argon2id's cost; small, for emulated processors and small guests.
    struct Derivation: Sendable, Hashable {
        var memoryKiB = 32768
        var iterations = 4
        var threads = 1
    }

    let identifier: String
    let derivation: Derivation
    /// 512 or 4096 bytes.
    let sectorSize: Int

    private static let payloadOffset = 16 << 20

    /// Writes `disk`; `scratch` holds the volume key meanwhile, which is thrown away.
    func encrypt(
        _ plain: String, to disk: String, passphrase: String, enclosure: Enclosure
    ) async throws {
        var generator = SystemRandomNumberGenerator()
        let key = (0..<64).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let keyFile = "\(enclosure.scratch)/volume-key"
        guard
            FileManager.default.createFile(
                atPath: keyFile, contents: Data(key), attributes: [.posixPermissions: 0o600])
        else { throw LabError.unexpected("\(keyFile) could not be written.") }
        defer { unlink(keyFile) }

        let source = try openFile(plain, O_RDONLY)
        defer { close(source) }
        let target = try openFile(disk, O_RDWR | O_CREAT | O_TRUNC)
        defer { close(target) }
        let size = lseek(source, 0, SEEK_END)
        guard ftruncate(target, size + off_t(Self.payloadOffset)) == 0 else {
            throw LabError.system(call: "ftruncate", object: disk, errno: errno)
        }
        try await enclosure.run(
            [
                "cryptsetup", "luksFormat", "--type", "luks2", "--batch-mode", "--key-file", "-",
                "--uuid", identifier, "--pbkdf", "argon2id",
                "--pbkdf-memory", "\(derivation.memoryKiB)",
                "--pbkdf-parallel", "\(derivation.threads)",
                "--pbkdf-force-iterations", "\(derivation.iterations)",
                "--cipher", "aes-xts-plain64", "--key-size", "512",
                "--sector-size", "\(sectorSize)", "--volume-key-file", keyFile, disk,
            ], input: Array(passphrase.utf8))
        let failed = lab_encrypt_payload(
            source, target, off_t(Self.payloadOffset), size, key, key.count, sectorSize)
        guard failed == 0 else {
            throw LabError.system(call: "encrypting", object: plain, errno: failed)
        }
    }
}

private func openFile(_ path: String, _ flags: Int32) throws -> Int32 {
    let descriptor = open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw LabError.system(call: "open", object: path, errno: errno) }
    return descriptor
}
