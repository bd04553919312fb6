/// A file that may be packed by gzip, xz or zstd, as distributions pack kernel modules.
///
/// The kernel unpacks only what its own distribution chose, from Linux 5.17 on, and only when it was built so; and before
/// a module is loaded, its own header is to be read.
package enum PackedFile {
    /// Why nothing comes out.
    package enum Failure: Error, Equatable {
        case cutOff
        case damaged
        /// More than the limit would come out.
        case tooLarge
        /// A filter, a dictionary or a size of window that this build of the library has not.
        case unknownForm
        case noMemory

        package var reason: String {
            switch self {
            case .cutOff: "it is packed, and cut off"
            case .damaged: "it is packed, and damaged"
            case .tooLarge: "it unpacks to more than any module has"
            case .unknownForm:
                "it is packed in a way that is not known here; unpack it before the upload"
            case .noMemory: "there is no memory to unpack it"
            }
        }
    }

    /// What is in it; the bytes themselves where they are not packed.
    /// - Parameter limit: the most bytes that may come out.
    package static func content(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        if bytes.starts(with: [0x1F, 0x8B]) { return try unpack(bytes, limit, GzipDecoder()) }
        if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
            return try unpack(bytes, limit, XZDecoder())
        }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            return try unpack(bytes, limit, ZstandardDecoder())
        }
        return bytes
    }

    private static func unpack(
        _ bytes: [UInt8], _ limit: Int, _ decoder: consuming some Decoder & ~Copyable
    ) throws(Failure) -> [UInt8] {
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var taken = 0
        while true {
            let step = try decoder.step(bytes[taken...], into: &piece)
            taken += step.taken
            guard step.given <= limit - content.count else { throw .tooLarge }
            content += piece[..<step.given]
            if step.isAtEnd, taken == bytes.count { return content }
            // All was taken, nothing more comes out, and it is not the end.
            if step.taken == 0, step.given == 0 {
                throw taken == bytes.count ? .cutOff : .damaged
            }
        }
    }
}

/// A library's decoder of one format, over streams that may follow each other.
protocol Decoder: ~Copyable {
    /// Unpacks from the start of `input` into `output`, as much as fits.
    mutating func step(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8]
    ) throws(PackedFile.Failure) -> DecoderStep
}

struct DecoderStep {
    /// Bytes of the input that were used.
    let taken: Int
    /// Bytes of the output that were written.
    let given: Int
    /// Whether a stream has ended, with its checksum.
    let isAtEnd: Bool
}
