import CLinux
import Glibc

/// A file, or a part of one, as a block device.
///
/// It goes away by itself when nobody has it open any more (LO_FLAGS_AUTOCLEAR), so that SIGKILL leaves none behind:
/// this value holds it until something else does, such as a mapping. Source: include/uapi/linux/loop.h. Oldest
/// kernel: 5.8 (LOOP_CONFIGURE).
package struct LoopDevice: ~Copyable {
    /// Such as `/dev/loop0`.
    package let path: String
    private let device: FileDescriptor

    /// - Parameter range: bytes of the file, in multiples of 512; the whole file when `nil`.
    /// - Throws: not found or unknown to the kernel where the module loop is missing.
    package init(
        attaching file: borrowing FileDescriptor, range: Range<UInt64>? = nil,
        readOnly: Bool = false
    ) throws(SystemError) {
        let control = try Self.control()
        var configuration = loop_config()
        configuration.fd = UInt32(bitPattern: file.number)
        configuration.info.lo_offset = range?.lowerBound ?? 0
        configuration.info.lo_sizelimit = range.map { $0.upperBound - $0.lowerBound } ?? 0
        configuration.info.lo_flags =
            UInt32(LO_FLAGS_AUTOCLEAR) | (readOnly ? UInt32(LO_FLAGS_READ_ONLY) : 0)
        // Another program can take the free one first.
        for _ in 0..<64 {
            let number = davit_ioctl(control.number, UInt(LOOP_CTL_GET_FREE), nil)
            guard number >= 0 else { throw SystemError("find", "a free loop device") }
            let path = "\(Roots.dev)/loop\(number)"
            let opened = try FileDescriptor(opening: path, readOnly ? O_RDONLY : O_RDWR)
            if davit_ioctl(opened.number, UInt(LOOP_CONFIGURE), &configuration) == 0 {
                self.path = path
                device = opened
                return
            }
            guard errno == EBUSY else { throw SystemError("attach a file to", path) }
        }
        throw SystemError("find", "a free loop device", code: EBUSY)
    }

    private static func control() throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: Roots.dev + "/loop-control", O_RDWR)
    }

    /// Whether this kernel has loop devices.
    static var isThere: Bool { (try? control()) != nil }

    /// The loop devices that a file is attached to, by their paths. Oldest kernel: 2.6.37.
    package static func devices(over path: String) -> [String] {
        guard let real = Files.realPath(path) else { return [] }
        return Files.names(in: Roots.sys + "/class/block")
            .filter { $0.hasPrefix("loop") }.compactMap { BlockNode(name: $0) }
            .filter { $0.attribute("loop/backing_file") == real }.map(\.path)
    }
}
