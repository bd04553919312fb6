extension BlockNode {
    /// The drive's serial number, also of a partition: as udev knows it, or else the kernel; `nil` without one.
    /// Source: systemd rules.d/60-persistent-storage.rules, ID_SERIAL_SHORT; linux Documentation/ABI, `serial` of
    /// virtio-blk, NVMe, MMC and USB, `vpd_pg80` of SCSI and ATA (oldest kernel: 3.15).
    /// - Parameter run: where udev keeps what it knows.
    package func serialNumber(run: String = Roots.systemRun) -> String? {
        let prefix = "E:ID_SERIAL_SHORT="
        let properties = Files.text("\(run)/udev/data/b\(number)") ?? ""
        if let line = properties.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) {
            return String(line.dropFirst(prefix.utf8.count))
        }
        return kernelSerialNumber
    }

    /// From the device upwards: a drive of USB or MMC has it some steps above.
    private var kernelSerialNumber: String? {
        guard var place = Files.realPath(directory)?.split(separator: "/") else { return nil }
        while place.count > 2, place.last != "devices" {
            let directory = "/" + place.joined(separator: "/")
            let text = (try? Files.read(directory + "/serial", limit: 256)) ?? []
            // Four bytes of a SCSI page's head stand before the number.
            let page = (try? Files.read(directory + "/vpd_pg80", limit: 256)) ?? []
            for bytes in [text[...], page.dropFirst(4)] {
                let words = bytes.split { $0 <= 32 || $0 >= 127 }
                if words.isEmpty { continue }
                return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "_")
            }
            place.removeLast()
        }
        return nil
    }
}
