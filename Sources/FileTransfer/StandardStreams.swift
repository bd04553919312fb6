import LinuxKit

/// Standard input and output, where the client is.
enum StandardStreams {
    /// Reads once into a part of `bytes`, waiting for something to come; 0 at the end.
    static func read(
        into bytes: inout [UInt8], _ part: Range<Int>
    ) throws(SystemError) -> Int {
        while true {
            let count = try FileDescriptor.lend(FileDescriptor.standardInput) {
                stream throws(SystemError) in try stream.read(into: &bytes, part)
            }
            if let count { return count }
            _ = try Poll.wait([.init(FileDescriptor.standardInput, .input)], until: nil)
        }
    }

    /// Writes all of it, waiting as long as it takes.
    static func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        try FileDescriptor.lend(FileDescriptor.standardOutput) { stream throws(SystemError) in
            try stream.write(bytes)
        }
    }
}
