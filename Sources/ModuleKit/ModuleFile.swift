import CLinux
import Glibc
import LinuxKit

/// A module file that has been read and understood, ready for the kernel.
struct ModuleFile {
    let image: ModuleImage
    private let path: String
    private let bytes: [UInt8]

    /// Larger than any module that is built; an upload of something else must not fill the memory.
    private static let limit = 256 << 20

    init(reading path: String) throws(ModuleError) {
        self.path = path
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
            status = davit_finit_module(file.number, "")
        } catch {
            throw .noModule(path: path, reason: error.reason)
        }
        if status == 0 { return .loaded }
        if errno == EEXIST { return .alreadyThere }
        throw .refused(name: name, reason: String(cString: strerror(errno)))
    }
}
