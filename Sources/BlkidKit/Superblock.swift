/// What libblkid recognises on a device.
package struct Superblock: Equatable, Sendable {
    /// libblkid's TYPE, such as `crypto_LUKS`, `ext4`, `bcachefs`; empty when there is only a partition.
    package var type = ""
    package var uuid = ""
    package var label = ""
    package var version = ""
    /// libblkid's USAGE: `filesystem`, `crypto`, `raid`, `other`.
    package var usage = ""
    /// The identity of the partition itself, where the device is one.
    package var partitionUUID = ""
    package var partitionLabel = ""

    package init() {}
}
