import CLinux
import Glibc

/// The device mapper, asked by its ioctls: mappings that libcryptsetup does not make, such as snapshots.
///
/// Nothing here waits for udev: who opens a mapping takes its node in devtmpfs (`BlockNode.path`), which is there when
/// `resume` returns. Source: include/uapi/linux/dm-ioctl.h, drivers/md/dm-ioctl.c. Oldest kernel: 3.6.
package struct MappingControl: ~Copyable {
    private let file: FileDescriptor

    /// What the kernel says of one mapping.
    package struct Status: Sendable {
        let major: UInt32
        let minor: UInt32
        /// Its targets with what each says of itself; empty without a live table.
        package let targets: [(type: String, text: String)]

        /// `nil` when the mapping has no table yet, or has gone.
        package var node: BlockNode? { BlockNode(major: major, minor: minor) }
    }

    /// Whether this kernel has the device mapper.
    static var isThere: Bool { (try? MappingControl()) != nil }

    /// - Throws: not found or unknown to the kernel where the module dm_mod is missing.
    package init() throws(SystemError) {
        file = try FileDescriptor(opening: Roots.dev + "/mapper/control", O_RDWR)
    }

    /// Makes a mapping without a table; nobody sees it before `resume`.
    /// - Throws: EBUSY when the name or the UUID is taken.
    package func create(_ name: String, uuid: String) throws(SystemError) {
        _ = try ask(DM_DEV_CREATE_CMD, name, uuid: uuid, to: "make")
    }

    /// Loads the table that the next `resume` makes live.
    /// - Throws: EINVAL where the kernel does not know a target or refuses its parameters; its log says which. EBUSY
    ///   when somebody has one of the devices exclusively.
    package func load(_ name: String, _ target: MappingTarget) throws(SystemError) {
        _ = try ask(
            DM_TABLE_LOAD_CMD, name, targets: 1, payload: Self.encoded(target),
            to: "load a table into")
    }

    package func resume(_ name: String) throws(SystemError) {
        _ = try ask(DM_DEV_SUSPEND_CMD, name, to: "resume")
    }

    /// Removes a mapping; that there is none is no error.
    /// - Parameter deadline: until when (`Clock.now`) it is tried again while something has it open, as udev does for a
    ///   moment with whatever is new.
    /// - Throws: EBUSY when it still is.
    package func remove(_ name: String, until deadline: Duration = .zero) throws(SystemError) {
        while true {
            do throws(SystemError) {
                _ = try ask(DM_DEV_REMOVE_CMD, name, to: "remove")
                return
            } catch {
                if error.code == ENXIO { return }
                guard error.isBusy, Clock.now < deadline else { throw error }
            }
            // The kernel does not announce that a device is closed.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(20))
        }
    }

    /// What is there under that name; `nil` when nothing is.
    package func status(_ name: String) throws(SystemError) -> Status? {
        let answer: [UInt8]
        do throws(SystemError) {
            answer = try ask(DM_TABLE_STATUS_CMD, name, room: 4096, to: "look at")
        } catch {
            guard error.code == ENXIO else { throw error }
            return nil
        }
        return Self.decoded(answer)
    }

    // MARK: The requests' form

    private func ask(
        _ command: Int, _ name: String, uuid: String = "", targets: UInt32 = 0,
        payload: [UInt8] = [], room: Int = 0, to operation: String
    ) throws(SystemError) -> [UInt8] {
        let size = MemoryLayout<dm_ioctl>.size
        var header = dm_ioctl()
        header.version = (UInt32(DM_VERSION_MAJOR), 0, 0)
        header.data_size = UInt32(clamping: size + payload.count + room)
        header.data_start = UInt32(size)
        header.target_count = targets
        guard Self.place(name, in: &header.name), Self.place(uuid, in: &header.uuid) else {
            throw SystemError(operation, "the mapping \(name)", code: ENAMETOOLONG)
        }
        var request = withUnsafeBytes(of: &header) { Array($0) }
        request += payload + [UInt8](repeating: 0, count: room)
        let status = request.withUnsafeMutableBytes { bytes -> Int32 in
            // Never empty: the header is there.
            guard let start = bytes.baseAddress else { return -1 }
            return retrying { davit_device_mapper(file.number, UInt32(command), start) }
        }
        guard status == 0 else { throw SystemError(operation, "the mapping \(name)") }
        return request
    }

    /// Writes `text` with a NUL behind it; `false` when it does not fit.
    private static func place<Field>(_ text: String, in field: inout Field) -> Bool {
        withUnsafeMutableBytes(of: &field) { bytes in
            guard text.utf8.count < bytes.count else { return false }
            bytes.copyBytes(from: text.utf8)
            return true
        }
    }

    /// struct dm_target_spec, its parameters with a NUL, and zeros up to a multiple of 8.
    static func encoded(_ target: MappingTarget) -> [UInt8] {
        var spec = dm_target_spec()
        spec.length = target.sectors
        _ = place(target.type, in: &spec.target_type)
        var bytes = withUnsafeBytes(of: &spec) { Array($0) }
        bytes += Array(target.parameters.utf8) + [0]
        bytes += [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8)
        return bytes
    }

    /// Reads an answer to DM_TABLE_STATUS: in it `next` counts from the start of the data.
    static func decoded(_ answer: [UInt8]) -> Status? {
        let size = MemoryLayout<dm_ioctl>.size
        let specSize = MemoryLayout<dm_target_spec>.size
        guard answer.count >= size else { return nil }
        let header = answer.withUnsafeBytes { $0.loadUnaligned(as: dm_ioctl.self) }
        let isActive = Int32(bitPattern: header.flags) & DM_ACTIVE_PRESENT_FLAG != 0
        let start = Int(clamping: header.data_start)
        var targets: [(type: String, text: String)] = []
        var offset = start
        for _ in 0..<header.target_count {
            guard offset >= size, offset <= answer.count - specSize else { break }
            let spec = answer.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: offset, as: dm_target_spec.self)
            }
            targets.append(
                (
                    withUnsafeBytes(of: spec.target_type) { text($0[...]) },
                    answer.withUnsafeBytes { text($0[(offset + specSize)...]) }
                ))
            offset = start &+ Int(clamping: spec.next)
        }
        let device = dev_t(header.dev)
        return Status(
            major: davit_major(device), minor: davit_minor(device),
            targets: isActive ? targets : [])
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
