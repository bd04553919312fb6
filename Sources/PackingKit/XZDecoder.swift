import CLZMA

/// liblzma's decoder of .xz files. Source: lzma/container.h, lzma/base.h.
struct XZDecoder: Decoder, ~Copyable {
    private let stream: UnsafeMutablePointer<lzma_stream>

    /// The largest dictionary of xz's presets is 64 MiB.
    private static let memoryLimit: UInt64 = 80 << 20

    init() throws(PackedFile.Failure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        guard
            lzma_stream_decoder(stream, Self.memoryLimit, davit_lzma_concatenated) == LZMA_OK
        else { throw .noMemory }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    mutating func step(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8]
    ) throws(PackedFile.Failure) -> DecoderStep {
        let size = input.count
        let room = output.count
        let status = input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = size
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = room
                // All that there is stands in `input` each time.
                return lzma_code(stream, LZMA_FINISH)
            }
        }
        switch status {
        case LZMA_OK, LZMA_BUF_ERROR, LZMA_STREAM_END:
            return DecoderStep(
                taken: size - stream.pointee.avail_in, given: room - stream.pointee.avail_out,
                isAtEnd: status == LZMA_STREAM_END)
        case LZMA_MEM_ERROR, LZMA_MEMLIMIT_ERROR: throw .noMemory
        case LZMA_OPTIONS_ERROR: throw .unknownForm
        default: throw .damaged
        }
    }
}
