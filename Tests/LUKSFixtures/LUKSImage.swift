import CCryptsetup
import Foundation

/// An image file with a real header whose key derivation is cheap; removed with its directory at the end.
package final class LUKSImage: Sendable {
    package let directory: String
    package let path: String
    package let header: String?

    /// - Parameters:
    ///   - type: `LUKS1` (PBKDF2, 1000 iterations) or `LUKS2` (Argon2id, 64 KiB).
    ///   - rounds: of Argon2id; each takes as long as `memoryKiB` says.
    package init(
        type: String, passphrase: String, detached: Bool = false, memoryKiB: UInt32 = 64,
        rounds: UInt32 = 4, threads: UInt32 = 1
    ) throws {
        var template = Array((NSTemporaryDirectory() + "/davit-luks-XXXXXX").utf8CString)
        _ = Self.lockNothing
        guard let made = mkdtemp(&template) else { throw POSIXError(.EIO) }
        directory = String(cString: made)
        path = directory + "/disk.img"
        header = detached ? directory + "/header.img" : nil
        for file in [path, header].compactMap({ $0 }) {
            guard FileManager.default.createFile(atPath: file, contents: nil) else {
                throw POSIXError(.EIO)
            }
            guard truncate(file, 20 << 20) == 0 else { throw POSIXError(.EIO) }
        }
        try format(type, passphrase, memoryKiB, rounds, threads)
    }

    /// From the beginning: tests of CryptKit, in the same process, let libcryptsetup forget its locks, which davit's would wait for.
    private static let lockNothing: Void = {
        _ = crypt_metadata_locking(nil, 0)
    }()

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Destroys its only keyslot, as `cryptsetup luksErase` does.
    package func erase() throws {
        var handle: OpaquePointer?
        guard crypt_init(&handle, header ?? path) == 0 else { throw POSIXError(.EIO) }
        defer { crypt_free(handle) }
        crypt_set_log_callback(handle, { _, _, _ in }, nil)
        guard crypt_load(handle, nil, nil) == 0, crypt_keyslot_destroy(handle, 0) == 0 else {
            throw POSIXError(.EIO)
        }
    }

    private func format(
        _ type: String, _ passphrase: String, _ memoryKiB: UInt32, _ rounds: UInt32,
        _ threads: UInt32
    ) throws {
        var handle: OpaquePointer?
        guard crypt_init(&handle, header ?? path) == 0 else { throw POSIXError(.EIO) }
        defer { crypt_free(handle) }
        crypt_set_log_callback(handle, { _, _, _ in }, nil)
        let isOld = type == "LUKS1"
        let status = (isOld ? "pbkdf2" : "argon2id").withCString { kind in
            "sha256".withCString { hash in
                var derivation = crypt_pbkdf_type(
                    type: kind, hash: hash, time_ms: 0, iterations: isOld ? 1000 : rounds,
                    max_memory_kb: isOld ? 0 : memoryKiB, parallel_threads: isOld ? 0 : threads,
                    flags: davit_CRYPT_PBKDF_NO_BENCHMARK)
                crypt_set_pbkdf_type(handle, &derivation)
                return crypt_format(handle, type, "aes", "xts-plain64", nil, nil, 64, nil)
            }
        }
        guard status == 0,
            crypt_keyslot_add_by_volume_key(
                handle, -1, nil, 0, passphrase, passphrase.utf8.count) >= 0
        else { throw POSIXError(.EIO) }
    }
}
