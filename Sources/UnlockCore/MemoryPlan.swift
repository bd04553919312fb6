/// How many key derivations may run at once without the kernel having to kill something.
package struct MemoryPlan: Equatable, Sendable {
    /// What a worker takes beside the derivation's own memory.
    package static let overheadKiB = 12 * 1024
    /// What stays free for the rest of the initramfs.
    package static let reserveKiB = 48 * 1024

    private let budgetKiB: Int

    /// - Parameter availableKiB: MemAvailable while no derivation runs.
    package init(availableKiB: Int) { budgetKiB = max(0, availableKiB - Self.reserveKiB) }

    /// Which of `waiting` may start now, in their order. One may always run: if even that is too much, libcryptsetup
    /// or the kernel says so, and there would be no better moment.
    package func admitted(waiting: [(name: String, costKiB: Int)], runningKiB: [Int]) -> [String] {
        var count = runningKiB.count
        var used = runningKiB.reduce(0) { $0 + $1 + Self.overheadKiB }
        var names: [String] = []
        for (name, costKiB) in waiting {
            let need = costKiB + Self.overheadKiB
            // Nobody overtakes: the largest would wait for ever behind small ones.
            guard count == 0 || used + need <= budgetKiB else { break }
            count += 1
            used += need
            names.append(name)
        }
        return names
    }
}
