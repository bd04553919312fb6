/// How much memory programs can still take without anything being killed.
package enum FreeMemory {
    /// In bytes; 0 where the kernel does not say it. Source: proc_meminfo(5), MemAvailable.
    package static var bytes: UInt64 {
        let lines = (Files.text(Roots.proc + "/meminfo", limit: 65536) ?? "").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("MemAvailable:") }) else { return 0 }
        let kibibytes = line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
        return (kibibytes ?? 0) &* 1024
    }
}
