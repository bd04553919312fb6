/// A block device that shows another one and keeps what is written to it elsewhere: a snapshot of the device mapper, its
/// store a file behind a loop device.
///
/// The kernel knows it by its name, so that a process can go on where another was killed. The loop device lives and dies
/// with the snapshot's table.
package struct Snapshot: Sendable, Equatable {
    package let name: String
    package let uuid: String

    package init(_ name: String, uuid: String) {
        self.name = name
        self.uuid = uuid
    }

    /// A snapshot as the kernel has it.
    package struct State: Sendable, Equatable {
        /// Whether the name is taken, be it without a table.
        package let isThere: Bool
        /// The kind of its live table, such as `snapshot`; without one nothing was written through it.
        package let target: String?
        /// What the table says of itself.
        package let text: String?
        /// The path of the device, once it is live.
        package let node: String?

        package init(
            isThere: Bool = false, target: String? = nil, text: String? = nil, node: String? = nil
        ) {
            self.isThere = isThere
            self.target = target
            self.text = text
            self.node = node
        }

        package var isMerging: Bool { target == "snapshot-merge" }
        package var fill: SnapshotFill? { text.flatMap { SnapshotFill($0) } }
    }

    /// The modules that snapshots take and that this kernel may lack, in the order in which they are loaded.
    package static var modules: [String] {
        // A node may have been made for a module that is not there; dm_snapshot makes nothing to know it by.
        (MappingControl.isThere ? [] : ["dm_mod"]) + (LoopDevice.isThere ? [] : ["loop"])
            + ["dm_snapshot"]
    }

    package func state() throws(SystemError) -> State {
        let control: MappingControl
        do throws(SystemError) {
            control = try MappingControl()
        } catch {
            // Without the module there is no mapping.
            guard error.isNotFound || error.isUnknownToKernel else { throw error }
            return State()
        }
        guard let status = try control.status(name) else { return State() }
        let target = status.targets.first
        return State(
            isThere: true, target: target?.type, text: target?.text,
            node: target == nil ? nil : status.node?.path)
    }

    /// Takes the name; nobody sees a device before `resume`.
    /// - Throws: EBUSY when the name or the UUID is taken.
    package func create() throws(SystemError) { try MappingControl().create(name, uuid: uuid) }

    /// Loads the table that the next `resume` makes live.
    /// - Parameters:
    ///   - range: the part of `store` that belongs to it, in bytes; the whole file when `nil`.
    ///   - merging: whether what the store holds is written into `origin`.
    /// - Throws: EINVAL where the kernel does not know snapshots.
    package func load(
        over origin: BlockNode, store: borrowing FileDescriptor, range: Range<UInt64>? = nil,
        merging: Bool = false
    ) throws(SystemError) {
        let device = try LoopDevice(attaching: store, range: range)
        try MappingControl().load(
            name,
            merging
                ? .snapshotMerge(into: origin, from: device.path)
                : .snapshot(of: origin, in: device.path))
    }

    package func resume() throws(SystemError) { try MappingControl().resume(name) }

    /// Removes it; that there is none is no error. What a file that keeps its writes holds stays there.
    /// - Parameter deadline: until when (`Clock.now`) it is tried again while something has it open.
    /// - Throws: EBUSY when it still is.
    package func remove(until deadline: Duration = .zero) throws(SystemError) {
        try MappingControl().remove(name, until: deadline)
    }
}
