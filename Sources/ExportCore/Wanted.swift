/// An export as it is to be: the whole input of the plan.
package struct Wanted: Equatable, Sendable {
    /// One disk. LUNs begin at 1: a LUN 0 that goes away under a session leaves a phantom disk behind.
    package struct Disk: Equatable, Sendable {
        package var lun: Int
        /// The node that the kernel opens, such as `/dev/dm-0`.
        package var path: String
        package var serial: UnitSerial

        package init(lun: Int, path: String, serial: UnitSerial) {
            self.lun = lun
            self.path = path
            self.serial = serial
        }
    }

    package var name: ExportName
    package var target: IQN
    /// The number of the backstore adapter, `core/iblock_N`, that holds this export's backstores.
    package var adapter: Int
    package var disks: [Disk]
    /// LUNs of disks that cannot be looked at now: what there is of them stays as it is.
    package var leftAlone: Set<Int>
    package var portals: [Portal]
    /// The only initiators that may log in; empty lets in everybody who knows the secret.
    package var initiators: [IQN]
    package var isReadOnly: Bool
    /// Whether the secret is asked for, and the target has one to show.
    package var authenticates: Bool
    /// Whether discovery asks for the secret too: one setting of the whole machine, so not where somebody else's
    /// targets are.
    package var guardsDiscovery: Bool

    package init(
        name: ExportName, target: IQN, adapter: Int, disks: [Disk],
        leftAlone: Set<Int> = [], portals: [Portal], initiators: [IQN] = [],
        isReadOnly: Bool = false, authenticates: Bool = true,
        guardsDiscovery: Bool = true
    ) {
        self.name = name
        self.target = target
        self.adapter = adapter
        self.disks = disks
        self.leftAlone = leftAlone
        self.portals = portals
        self.initiators = initiators
        self.isReadOnly = isReadOnly
        self.authenticates = authenticates
        self.guardsDiscovery = guardsDiscovery
    }
}
