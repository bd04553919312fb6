import CZstandard

/// libzstd's decoder. Source: zstd.h; RFC 8878.
struct ZstandardDecoder: Decoder, ~Copyable {
    private let context: OpaquePointer

    init() throws(PackedFile.Failure) {
        guard let context = ZSTD_createDCtx() else { throw .noMemory }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    mutating func step(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8]
    ) throws(PackedFile.Failure) -> DecoderStep {
        var status = 0
        var taken = 0
        var given = 0
        input.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                status = ZSTD_decompressStream(context, &to, &from)
                taken = from.pos
                given = to.pos
            }
        }
        guard ZSTD_isError(status) == 0 else {
            switch ZSTD_getErrorCode(status) {
            case ZSTD_error_memory_allocation: throw .noMemory
            case ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_dictionary_wrong,
                ZSTD_error_frameParameter_unsupported, ZSTD_error_version_unsupported:
                throw .unknownForm
            default: throw .damaged
            }
        }
        // 0: a frame has ended, and all of it is out.
        return DecoderStep(taken: taken, given: given, isAtEnd: status == 0)
    }
}
