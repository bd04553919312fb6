import Bytes

/// Reads the fields of one request; what is missing makes the request malformed.
struct RequestReader {
    private var reader: ByteReader

    init(_ packet: ArraySlice<UInt8>) { reader = ByteReader(packet) }

    mutating func byte() throws(Status) -> UInt8 {
        guard let value = reader.byte() else { throw .malformed }
        return value
    }

    mutating func uint32() throws(Status) -> UInt32 {
        guard let value = reader.uint32() else { throw .malformed }
        return value
    }

    mutating func uint64() throws(Status) -> UInt64 {
        let high = try uint32()
        return UInt64(high) << 32 | UInt64(try uint32())
    }

    mutating func string() throws(Status) -> ArraySlice<UInt8> {
        guard let length = reader.uint32(), let bytes = reader.bytes(Int(length)) else {
            throw .malformed
        }
        return bytes
    }

    /// A path as the kernel takes it: any bytes but NUL; one that is empty stands for the current directory.
    mutating func path() throws(Status) -> PathBytes {
        let bytes = try string()
        guard !bytes.contains(0) else {
            throw Status(.badMessage, "A path cannot have a byte of value zero.")
        }
        return bytes.isEmpty ? [UInt8(ascii: ".")] : Array(bytes)
    }
}
