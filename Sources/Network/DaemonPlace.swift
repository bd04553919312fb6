import LinuxKit

/// The place of the one network daemon of a state directory: two would take each other's addresses away.
package struct DaemonPlace: ~Copyable {
    /// Another process has it.
    package struct Occupied: Error { package let holder: Int32? }

    /// `nil` where /run cannot be written: nobody can be told apart then, and the network matters more.
    private let lock: LockFile?

    private static var path: String { InterfaceState.directory + "/lock" }

    /// The process that has it now.
    static var holder: Int32? { LockFile.holder(path) }

    /// Takes it; the kernel gives it up with the process.
    package init() throws(Occupied) {
        do throws(SystemError) {
            try Files.makeDirectory(InterfaceState.directory)
            lock = try LockFile(taking: Self.path)
        } catch {
            lock = nil
            return
        }
        guard lock != nil else { throw Occupied(holder: LockFile.holder(Self.path)) }
    }
}
