/// What has to be done with what lies below a file system.
package enum LayerAdvice {
    /// A whole sentence; `holders` is what already lies on the device.
    package static func words(type: String, path: String, holders: [String]) -> String {
        if !holders.isEmpty {
            return "\(path) is open as \(holders.joined(separator: ", ")); look there."
        }
        return switch type {
        case "crypto_LUKS": "\(path) is encrypted. Open it: davit unlock."
        case "linux_raid_member":
            "\(path) is a member of an md array. Assemble it when all members are there: mdadm --assemble --scan. With members missing leave it alone: a resync cannot be taken back."
        case "LVM2_member":
            "\(path) belongs to a volume group. Activate it when it is complete: vgchange --activate y."
        case "swap": "\(path) is swap; there is nothing to repair. mkswap makes it anew."
        default: "\(path) holds \(type), which davit cannot repair."
        }
    }
}
