import CCryptsetup
import Glibc

/// A TrueCrypt or VeraCrypt volume. It has no header that shows without the passphrase: reading it is the derivation.
///
/// AES in XTS mode is computed here; Serpent, Twofish and Camellia need the kernel's user interface to its ciphers
/// (CONFIG_CRYPTO_USER_API_SKCIPHER), and their modules for the mapping in any case. Neither Linux nor OpenSSL has
/// Kuznyechik and Streebog.
package struct TCryptVolume: ~Copyable {
    /// What nothing on the disk tells.
    package struct Options: Sendable {
        package var isHidden = false
        package var isSystem = false
        package var pim = 0
        /// Paths of key files.
        package var keyfiles: [String] = []
        package init() {}
    }

    /// libcryptsetup's limit for VeraCrypt. Source: cryptsetup lib/tcrypt/tcrypt.h, VCRYPT_KEY_POOL_LEN.
    private static let longestPassphrase = 128
    /// Ciphers that a kernel may have and that no library here computes.
    private static let kernelCiphers = ["serpent", "twofish", "camellia"]
    private static let trueCryptHashes: [StaticString] = ["ripemd160", "sha512", "whirlpool"]
    private static let veraCryptHashes: [StaticString] = [
        "sha512", "sha256", "whirlpool", "blake2s-256",
    ]
    /// The PIM that gives as many iterations as no PIM, with each of `veraCryptHashes`.
    private static let defaultPIM = 485

    private let handle: OpaquePointer
    private let log: LogCollector
    private let path: String

    /// Derives the keys and finds the header that they open; takes as long as all derivations together.
    /// - Throws: `.cannotOpen`, `.noDisk` or `.away`; `.wrongPassphrase`, which is also what a device without a volume shows; `.failed`, also
    ///   where the passphrase may be right for a cipher that the kernel lacks.
    package init(
        path: String, passphrase: UnsafeRawBufferPointer, options: Options
    ) throws(CryptError) {
        _ = CryptLibraries.prepared
        var opened: OpaquePointer?
        let status = crypt_init(&opened, path)
        guard status == 0, let opened else {
            throw DiskPlace.trouble(at: path) ?? DiskPlace.refusal(path, -status)
        }
        let log = LogCollector()
        log.attach(to: opened)
        guard passphrase.count <= Self.longestPassphrase else {
            crypt_free(opened)
            throw .failed(
                path: path,
                words: "A TrueCrypt passphrase has at most \(Self.longestPassphrase) bytes.")
        }
        var loaded = Self.load(opened, passphrase, options)
        let hasKernelCiphers = loaded != -ENOTSUP
        if !hasKernelCiphers { loaded = Self.loadAES(opened, passphrase, options) }
        guard loaded == 0 else {
            let words = log.take()
            let missing =
                loaded == -EPERM
                ? Self.kernelCiphers.filter { Self.lacks($0, opened) }
                : hasKernelCiphers ? [] : ["algif_skcipher"]
            crypt_free(opened)  // deinit does not run when init throws
            guard missing.isEmpty else {
                throw .failed(path: path, words: Self.doubt(missing))
            }
            if loaded == -EPERM { throw .wrongPassphrase(path: path) }
            let reason = String(cString: strerror(-loaded)) + "."
            throw .failed(path: path, words: words.isEmpty ? reason : words)
        }
        handle = opened
        self.log = log
        self.path = path
        _ = log.take()
    }

    deinit { crypt_free(handle) }

    private static func doubt(_ missing: [String]) -> String {
        "no header opens with this passphrase, and yet it may be right: this kernel lacks \(missing.joined(separator: ", ")), which volumes with other ciphers than AES need. 'davit modules load' loads modules."
    }

    /// Whether the kernel has not got the cipher in XTS mode; asked with a key of a length that none takes.
    private static func lacks(_ cipher: String, _ handle: OpaquePointer) -> Bool {
        var speed = (0.0, 0.0)
        return crypt_benchmark(handle, cipher, "xts", 1, 16, 4096, &speed.0, &speed.1) == -ENOENT
    }

    /// Without the kernel's ciphers libcryptsetup ends behind AES with the first derivation: each is asked for alone.
    private static func loadAES(
        _ handle: OpaquePointer, _ passphrase: UnsafeRawBufferPointer, _ options: Options
    ) -> Int32 {
        var vera = options
        vera.pim = options.pim > 0 ? options.pim : defaultPIM
        let isFound =
            options.pim == 0
            && trueCryptHashes.contains { load(handle, passphrase, options, $0, 0) == 0 }
            || veraCryptHashes.contains { load(handle, passphrase, vera, $0) == 0 }
        return isFound ? 0 : -ENOTSUP
    }

    /// - Parameter hash: the one derivation to try, of those that `modes` allows; `nil` for all.
    private static func load(
        _ handle: OpaquePointer, _ passphrase: UnsafeRawBufferPointer, _ options: Options,
        _ hash: StaticString? = nil, _ modes: UInt32 = davit_CRYPT_TCRYPT_VERA_MODES
    ) -> Int32 {
        // VeraCrypt's derivations as well: what the volume was made with shows only when one of them fits.
        var flags = davit_CRYPT_TCRYPT_LEGACY_MODES | modes
        if options.isHidden { flags |= davit_CRYPT_TCRYPT_HIDDEN_HEADER }
        if options.isSystem { flags |= davit_CRYPT_TCRYPT_SYSTEM_HEADER }
        let files = options.keyfiles.map { strdup($0) }
        defer { files.forEach { free($0) } }
        var paths: [UnsafePointer<CChar>?] = files.map { UnsafePointer($0) }
        return paths.withUnsafeMutableBufferPointer { paths in
            var parameters = crypt_params_tcrypt()
            parameters.passphrase = passphrase.bindMemory(to: CChar.self).baseAddress
            parameters.passphrase_size = passphrase.count
            parameters.hash_name = hash.map {
                UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self)
            }
            parameters.keyfiles = paths.baseAddress
            parameters.keyfiles_count = UInt32(clamping: paths.count)
            parameters.flags = flags
            parameters.veracrypt_pim = UInt32(clamping: options.pim)
            return crypt_load(handle, CRYPT_TCRYPT, &parameters)
        }
    }

    /// The chain of ciphers and their mode, such as `aes-xts-plain64`.
    package var cipher: String {
        let parts = [crypt_get_cipher(handle), crypt_get_cipher_mode(handle)]
        return parts.compactMap { $0.map { String(cString: $0) } }.joined(separator: "-")
    }

    /// Opens the volume as /dev/mapper/`name`.
    /// - Throws: `.nameInUse` or `.failed`.
    package borrowing func open(as name: String, flags: ActivationFlags) throws(CryptError) {
        let status = crypt_activate_by_volume_key(handle, name, nil, 0, flags.rawValue)
        guard status < 0 else { return }
        let words = log.take()
        if status == -EEXIST { throw .nameInUse(name: name) }
        let reason = String(cString: strerror(-status)) + "."
        throw .failed(path: path, words: words.isEmpty ? reason : words)
    }
}
