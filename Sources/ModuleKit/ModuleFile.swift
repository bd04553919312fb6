import CLinux
import Glibc
import LinuxKit
import PackingKit

/// A module file, plain or packed, ready for the kernel.
struct ModuleFile {
    /// What it says of itself.
    let image: ModuleImage
    private let path: String
    /// What was packed; a plain file is read by the kernel itself, which may look at its signature.
    private let unpacked: [UInt8]?

    /// Larger than any module that is built; an upload of something else must not fill the memory.
    private static let limit = 256 << 20

    init(reading path: String) throws(ModuleError) {
        self.path = path
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: Self.limit)
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
        let content: [UInt8]
        do throws(PackedFile.Failure) {
            content = try PackedFile.content(bytes, limit: Self.limit)
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
        unpacked = content.count == bytes.count ? nil : content
        do throws(ModuleImage.Malformed) {
            image = try ModuleImage(content)
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
    }

    /// Gives it to the kernel; that it is there already is a success.
    func insert(as name: String) throws(ModuleError) -> ModuleLoader.Outcome {
        let status: Int32
        let parameters = ModuleParameters.onKernelLine(for: name)
        if let unpacked {
            status = unpacked.withUnsafeBytes {
                davit_init_module($0.baseAddress, $0.count, parameters)
            }
        } else {
            do {
                let file = try FileDescriptor(opening: path, O_RDONLY)
                status = davit_finit_module(file.number, parameters)
            } catch {
                throw .noModule(path: path, reason: error.reason)
            }
        }
        if status == 0 { return .loaded }
        switch errno {
        case EEXIST: return .alreadyThere
        case ENOENT: throw .unknownSymbols(name: name)
        case ENOEXEC: throw .doesNotFit(path: path, running: Host.kernelRelease)
        default: throw .refused(name: name, reason: String(cString: strerror(errno)))
        }
    }
}
