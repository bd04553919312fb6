import CLZMA
import CZlib
import CZstandard

/// What of C unpacks kernel modules.
package enum PackingLibraries {
    package static var versions: [(name: String, version: String)] {
        [
            ("zlib", String(cString: zlibVersion())),
            ("liblzma", String(cString: lzma_version_string())),
            ("libzstd", String(cString: ZSTD_versionString())),
        ]
    }
}
