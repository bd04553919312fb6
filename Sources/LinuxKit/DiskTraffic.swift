/// What goes to the disks of this machine.
package enum DiskTraffic {
    /// Bytes that all block devices have written since the boot; 0 where the kernel does not say.
    /// Source: Linux Documentation/admin-guide/iostats.rst, field 7.
    package static var written: UInt64 { written(Files.text(Roots.proc + "/diskstats") ?? "") }

    /// Bytes that wait to be written, or are on their way. Source: proc_meminfo(5), Dirty and Writeback.
    package static var waiting: UInt64 { waiting(Memory.information) }

    static func written(_ diskstats: String) -> UInt64 {
        diskstats.split(separator: "\n").reduce(0) { sum, line in
            let fields = line.split(separator: " ")
            return sum &+ (fields.count > 9 ? UInt64(fields[9]) ?? 0 : 0) &* 512
        }
    }

    static func waiting(_ meminfo: String) -> UInt64 {
        (Memory.bytes("Dirty", in: meminfo) ?? 0) &+ (Memory.bytes("Writeback", in: meminfo) ?? 0)
    }
}
