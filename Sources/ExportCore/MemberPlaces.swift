/// On which LUNs the members of a file system over several disks are: in their own order, with places held for those
/// that are not here, so that one that comes later moves none of the others.
package struct MemberPlaces: Equatable, Sendable {
    /// Of each member that is here its LUN.
    package private(set) var luns: [Int] = []
    /// The LUNs that are held for members that are not.
    package private(set) var held: [Int] = []

    /// - Parameters:
    ///   - numbers: what the file system calls each member that is here.
    ///   - first: what it calls its first one: btrfs counts from 1, all others from 0.
    ///   - kept: the LUN that each of them has already, or `nil`; as many as `numbers`.
    ///   - missing: how many are not here.
    package init(numbers: [Int], from first: Int, kept: [Int?], missing: Int) {
        var used = Set(kept.compactMap { $0 })
        var given = kept
        for (index, number) in zip(given.indices, numbers) where given[index] == nil {
            let own = number &- first &+ 1
            guard (1...Self.most).contains(own), used.insert(own).inserted else { continue }
            given[index] = own
        }
        // Numbers grow with every disk that is replaced, and spares have those of others.
        luns = given.map { lun in
            if let lun { return lun }
            let free = Self.free(used)
            used.insert(free)
            return free
        }
        for _ in 0..<min(max(0, missing), Self.most) {
            let lun = Self.free(used)
            used.insert(lun)
            held.append(lun)
        }
    }

    /// As many LUNs one target has.
    package static let most = 255

    private static func free(_ used: Set<Int>) -> Int {
        (1...).first { !used.contains($0) } ?? 1
    }
}
