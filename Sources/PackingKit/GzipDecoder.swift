import CZlib

/// zlib's decoder of gzip files. Source: RFC 1952; zlib.h.
struct GzipDecoder: Decoder, ~Copyable {
    /// zlib remembers where it is.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(PackedFile.Failure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for a gzip header rather than zlib's own.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
            throw .noMemory
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    mutating func step(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8]
    ) throws(PackedFile.Failure) -> DecoderStep {
        let size = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        let status = input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = size
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = room
                return inflate(stream, Z_NO_FLUSH)
            }
        }
        let step = DecoderStep(
            taken: Int(size - stream.pointee.avail_in),
            given: Int(room - stream.pointee.avail_out), isAtEnd: status == Z_STREAM_END)
        switch status {
        case Z_OK, Z_BUF_ERROR: return step
        case Z_STREAM_END:
            // A file may have several members.
            inflateReset(stream)
            return step
        case Z_MEM_ERROR: throw .noMemory
        default: throw .damaged
        }
    }
}
