import CCryptsetup
import Glibc

/// An opened LUKS or BitLocker header and the device that it belongs to. Not thread-safe: one process for each.
package struct CryptDevice: ~Copyable {
    private let handle: OpaquePointer
    private let log: LogCollector
    private let path: String
    private let header: String?
    private let format: CryptFormat

    /// What a header is read for.
    package enum Purpose: Sendable {
        /// Nothing is written to the device. A process that has looked once never mends again.
        case look
        /// Of LUKS2's two copies of the header one that is damaged is written anew from the other, as `cryptsetup open` does.
        case opening
    }

    /// Reads the header of `path`, a block device or an image file, or the detached one in `header`.
    /// - Throws: `.cannotOpen`, `.noDisk` or `.tooShort` when `path` or `header` is no readable device or file; `.away` when it
    ///   may become one again; `.noHeader` without one of `format`; `.damaged` when it has one that cannot be used.
    package init(
        path: String, header: String? = nil, format: CryptFormat = .luks, for purpose: Purpose
    ) throws(CryptError) {
        _ = CryptLibraries.prepared
        if purpose == .look { _ = CryptLibraries.mendingNothing }
        var opened: OpaquePointer?
        let status =
            header.map { crypt_init_data_device(&opened, $0, path) } ?? crypt_init(&opened, path)
        guard status == 0, let opened else {
            let trouble = [header, path].lazy.compactMap { $0 }.compactMap(DiskPlace.trouble(at:))
            throw trouble.first ?? DiskPlace.refusal(header ?? path, -status)
        }
        let log = LogCollector()
        log.attach(to: opened)
        let loaded = crypt_load(opened, format.type, nil)
        guard loaded == 0 else {
            let words = log.take()
            crypt_free(opened)  // deinit does not run when init throws
            throw Self.refusal(header ?? path, -loaded, format, words)
        }
        handle = opened
        self.log = log
        self.path = path
        self.header = header
        self.format = format
        // What crypt_load had to say about a header that it accepted is no reason of a later failure.
        _ = log.take()
    }

    deinit { crypt_free(handle) }

    /// Why a header was not accepted.
    private static func refusal(
        _ path: String, _ code: Int32, _ format: CryptFormat, _ words: String
    ) -> CryptError {
        if format == .luks, DiskPlace.hasMark(path) {
            return .damaged(path: path, kind: format.name, words: words)
        }
        guard DiskPlace.passing.contains(code) else {
            return .noHeader(path: path, kind: format.name, words: words)
        }
        // What cannot be read of a file is not there, and will not come.
        return DiskPlace.bytesOfFile(path).map { .tooShort(path: path, bytes: $0) }
            ?? DiskPlace.refusal(path, code)
    }

    /// `LUKS1`, `LUKS2` or `BITLK`.
    package var type: String { crypt_get_type(handle).map { String(cString: $0) } ?? "LUKS" }

    /// The header's UUID, with dashes.
    package var uuid: String { crypt_get_uuid(handle).map { String(cString: $0) } ?? "" }

    /// The active keyslots, in order.
    package var keyslots: [Keyslot] {
        let count = max(0, crypt_keyslot_max(crypt_get_type(handle)))
        return (0..<count).compactMap { index in
            let status = crypt_keyslot_status(handle, index)
            guard status == CRYPT_SLOT_ACTIVE || status == CRYPT_SLOT_ACTIVE_LAST else {
                return nil
            }
            var derivation = crypt_pbkdf_type()
            guard crypt_keyslot_get_pbkdf(handle, index, &derivation) == 0 else { return nil }
            return Keyslot(
                index: Int(index),
                derivation: derivation.type.map { String(cString: $0) } ?? "unknown",
                memoryKiB: Int(derivation.max_memory_kb), iterations: Int(derivation.iterations),
                threads: Int(derivation.parallel_threads))
        }
    }

    /// Proves the passphrase against the keyslots and opens nothing; takes as long as the key derivation.
    /// - Returns: the keyslot that it opens.
    /// - Throws: `.wrongPassphrase`, `.emptyKeyslot`, `.away` or `.failed`.
    package borrowing func test(
        passphrase: UnsafeRawBufferPointer, keyslot: Int? = nil
    ) throws(CryptError) -> Int {
        try activate(name: nil, passphrase: passphrase, keyslot: keyslot, flags: [])
    }

    /// Opens the device as /dev/mapper/`name`; takes as long as the key derivation.
    /// - Returns: the keyslot that the passphrase opens.
    /// - Throws: `.wrongPassphrase`, `.emptyKeyslot`, `.away`, `.nameInUse` or `.failed`.
    package borrowing func open(
        as name: String, passphrase: UnsafeRawBufferPointer, keyslot: Int? = nil,
        flags: ActivationFlags = []
    ) throws(CryptError) -> Int {
        try activate(name: name, passphrase: passphrase, keyslot: keyslot, flags: flags)
    }

    private borrowing func activate(
        name: String?, passphrase: UnsafeRawBufferPointer, keyslot: Int?, flags: ActivationFlags
    ) throws(CryptError) -> Int {
        // libcryptsetup takes NULL for "ask on the terminal"; an empty passphrase has an address, too.
        var nothing: CChar = 0
        let bytes = passphrase.bindMemory(to: CChar.self)
        func tryOnce() -> Int32 {
            withUnsafePointer(to: &nothing) { nothing in
                crypt_activate_by_passphrase(
                    handle, name, Int32(clamping: keyslot ?? Int(CRYPT_ANY_SLOT)),
                    bytes.baseAddress ?? nothing, bytes.count, flags.rawValue)
            }
        }
        var status = tryOnce()
        if format == .luks, [ENOKEY, EDQUOT, ENOSYS].contains(-status), name != nil {
            // A kernel without a keyring, or with its quota used up: dm-crypt takes the key in the table then.
            _ = log.take()
            crypt_volume_key_keyring(handle, 0)
            status = tryOnce()
        }
        guard status < 0 else { return Int(status) }
        let words = log.take()
        switch -status {
        case EPERM: throw .wrongPassphrase(path: path)
        case EEXIST where name != nil: throw .nameInUse(name: name ?? "")
        default: break
        }
        // It was there a moment ago.
        let trouble = [header, path].lazy.compactMap { $0 }.compactMap(DiskPlace.trouble(at:))
        if let trouble = trouble.first { throw trouble }
        if holdsNoKey(keyslot) { throw .emptyKeyslot(path: header ?? path, keyslot) }
        let reason = words.isEmpty ? String(cString: strerror(-status)) + "." : words
        let isAboutCipher = [EINVAL, EIO, ENOENT, ENOTSUP].contains(-status)
        throw .failed(path: path, words: reason + (isAboutCipher ? cipherDoubt ?? "" : ""))
    }

    private borrowing func holdsNoKey(_ keyslot: Int?) -> Bool {
        guard format == .luks else { return false }
        let slots = keyslots
        return keyslot.map { number in !slots.contains { $0.index == number } } ?? slots.isEmpty
    }

    /// Whether the kernel may lack the cipher; asked with a key of a length that none takes.
    private var cipherDoubt: String? {
        guard let cipher = crypt_get_cipher(handle), let mode = crypt_get_cipher_mode(handle) else {
            return nil
        }
        let chaining = String(cString: mode).split(separator: "-").first.map(String.init) ?? ""
        var speed = (0.0, 0.0)
        let answer = crypt_benchmark(handle, cipher, chaining, 1, 16, 4096, &speed.0, &speed.1)
        let names = (cipher: String(cString: cipher), mode: String(cString: mode))
        // Without the interface that answers (algif_skcipher) nothing is known, and AES is everywhere.
        guard answer == -ENOENT || answer == -ENOTSUP && names.cipher != "aes" else { return nil }
        return
            " Its cipher is \(names.cipher)-\(names.mode), which this kernel may lack: 'davit modules load' loads modules."
    }
}
