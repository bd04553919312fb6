import CLinux
import Glibc
import LinuxKit

/// A module file, plain or compressed, ready for the kernel.
///
/// A compressed one is unpacked by the kernel itself (Linux 5.17, CONFIG_MODULE_DECOMPRESS, which distributions with
/// compressed modules set): the three libraries that unpack would take a quarter of a megabyte of the initramfs.
struct ModuleFile {
    /// What it says of itself; `nil` for a compressed one.
    let image: ModuleImage?
    private let path: String

    /// Larger than any module that is built; an upload of something else must not fill the memory.
    private static let limit = 256 << 20

    init(reading path: String) throws(ModuleError) {
        self.path = path
        guard !path.hasSuffix(".xz"), !path.hasSuffix(".zst"), !path.hasSuffix(".gz") else {
            image = nil
            return
        }
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: Self.limit)
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
        do throws(ModuleImage.Malformed) {
            image = try ModuleImage(bytes)
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
    }

    /// Gives it to the kernel; that it is there already is a success.
    func insert(as name: String) throws(ModuleError) -> ModuleLoader.Outcome {
        let status: Int32
        do {
            let file = try FileDescriptor(opening: path, O_RDONLY)
            let isCompressed = image == nil
            status = davit_finit_module(
                file.number, "", isCompressed ? MODULE_INIT_COMPRESSED_FILE : 0)
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
        if status == 0 { return .loaded }
        switch errno {
        case EEXIST: return .alreadyThere
        case EINVAL where image == nil, EOPNOTSUPP where image == nil:
            throw .cannotUnpack(path: path)
        case ENOENT: throw .unknownSymbols(name: name)
        case ENOEXEC: throw .doesNotFit(path: path, running: Host.kernelRelease)
        default: throw .refused(name: name, reason: String(cString: strerror(errno)))
        }
    }
}
