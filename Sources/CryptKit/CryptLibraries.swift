import CCryptsetup

/// The C libraries under CryptKit.
package enum CryptLibraries {
    /// A name and a version for each library, for `davit version`: to be asked before anything else of CryptKit.
    package static var versions: [(name: String, version: String)] {
        var mapper = [CChar](repeating: 0, count: 64)
        dm_get_library_version(&mapper, mapper.count)
        let mapperVersion = String(
            decoding: mapper.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return [
            ("libcryptsetup", cryptsetupVersion),
            ("libdevmapper", mapperVersion),
            ("OpenSSL", String(cString: OpenSSL_version(OPENSSL_VERSION_STRING))),
            ("json-c", String(cString: json_c_version())),
        ]
    }

    /// libcryptsetup has no function for its version: it names it once, while it gets ready, in its debug log.
    private static var cryptsetupVersion: String {
        _ = prepared
        let log = LogCollector(hearingDebug: true)
        crypt_set_debug_level(CRYPT_DEBUG_ALL)
        crypt_set_log_callback(nil, LogCollector.callback, log.address)
        var encryption = 0.0
        var decryption = 0.0
        // No such cipher exists, so this gets ready and measures nothing.
        crypt_benchmark(nil, "none", "none", 16, 0, 4096, &encryption, &decryption)
        crypt_set_log_callback(nil, { _, _, _ in }, nil)
        crypt_set_debug_level(CRYPT_DEBUG_NONE)
        let words = withExtendedLifetime(log) { log.take() }.split(separator: " ")
        guard let before = words.lastIndex(of: "version"), before + 1 < words.endIndex else {
            return "unknown"
        }
        return String(words[before + 1].filter { $0.isNumber || $0 == "." }).trimmedDot
    }

    /// Makes the libraries quiet and keeps them from loading anything, once in a process.
    static let prepared: Void = {
        // Without a handle libcryptsetup would print to standard output; the errno says the same.
        crypt_set_log_callback(nil, { _, _, _ in }, nil)
        davit_dm_be_silent()
        // Token plugins are shared objects, and a static program loads none.
        crypt_token_external_disable()
    }()

    /// Keeps libcryptsetup from writing to a device whose header is read, for the rest of the process: it mends LUKS2's header
    /// only under a lock. Without one a header that somebody is just writing may look damaged; the next look shows it whole.
    /// Source: cryptsetup lib/luks2/luks2_disk_metadata.c, LUKS2_disk_hdr_read.
    static let mendingNothing: Void = {
        _ = crypt_metadata_locking(nil, 0)
    }()
}

extension String {
    /// Without the full stop of the sentence that it ended.
    fileprivate var trimmedDot: String { hasSuffix(".") ? String(dropLast()) : self }
}
