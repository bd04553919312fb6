/// What a block backstore says of itself. Source: drivers/target/target_core_iblock.c, iblock_show_configfs_dev_params:
/// `iBlock device: vda  UDEV PATH: /dev/vda  readonly: 0` and on the next line `Major: 254 Minor: 16  CLAIMED: IBLOCK`.
package struct BackstoreInfo: Equatable, Sendable {
    /// The device's path as it was written to `control`, or `nil` when it has not been yet. The attribute `udev_path`
    /// shows something else: a note that other tools leave there.
    package let path: String?
    package let isReadOnly: Bool
    /// The device's numbers, once it is enabled.
    package let device: DeviceNumber?

    package init(_ text: String) {
        func number(after label: String) -> UInt32? {
            guard let range = text.range(ofLast: label) else { return nil }
            return UInt32(text[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber })
        }
        path = text.range(ofLast: "UDEV PATH: ").map { range in
            let rest = text[range.upperBound...]
            // A path may hold blanks; two of them and a label end it.
            let end = String(rest).range(ofLast: "  readonly:").map {
                String(rest)[..<$0.lowerBound]
            }
            return end.map { String($0) } ?? String(rest.prefix { !$0.isNewline })
        }
        isReadOnly = number(after: "readonly:") == 1
        if let major = number(after: "Major:"), let minor = number(after: "Minor:"), major > 0 {
            device = DeviceNumber(major: major, minor: minor)
        } else {
            device = nil
        }
    }
}

/// The numbers of a block device.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    package let major: UInt32
    package let minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Reads `254:16`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    package var description: String { "\(major):\(minor)" }
}
