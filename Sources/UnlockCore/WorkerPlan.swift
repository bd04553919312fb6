/// How many key derivations run at once: no more than the kernel has memory for without killing something, and no more than
/// there are processors for, since those that share one are together slower than one after the other.
package struct WorkerPlan: Equatable, Sendable {
    /// What a worker takes beside the derivation's own memory.
    package static let overheadKiB = 12 * 1024
    /// What stays free for the rest of the initramfs.
    package static let reserveKiB = 48 * 1024

    private let budgetKiB: Int
    private let places: Int

    /// - Parameters:
    ///   - availableKiB: MemAvailable while no derivation runs.
    ///   - processors: two places even for one, so that a disk that does not answer holds nobody up.
    package init(availableKiB: Int, processors: Int) {
        budgetKiB = max(0, availableKiB - Self.reserveKiB)
        places = max(2, processors)
    }

    /// Which of `waiting` may start now, in their order. One may always run: if even that is too much, libcryptsetup
    /// or the kernel says so, and there would be no better moment.
    package func admitted(waiting: [(name: String, costKiB: Int)], runningKiB: [Int]) -> [String] {
        var count = runningKiB.count
        var used = runningKiB.reduce(0) { $0 + $1 + Self.overheadKiB }
        var names: [String] = []
        for (name, costKiB) in waiting {
            let need = costKiB + Self.overheadKiB
            // Nobody overtakes: the largest would wait for ever behind small ones.
            guard count == 0 || count < places && used + need <= budgetKiB else { break }
            count += 1
            used += need
            names.append(name)
        }
        return names
    }
}
