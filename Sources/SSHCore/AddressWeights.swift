import Addresses

/// How much of the places each address has taken, half-open connections only.
struct AddressWeights: Sendable {
    /// A person who is impatient opens a second and a third; a household shares an address.
    private static let ofAddress = 3
    private static let ofVicinity = 12

    private var addresses: [IPAddress: Int] = [:]
    private var vicinities: [IPAddress: Int] = [:]

    /// 0 for all who have few.
    func of(_ address: IPAddress) -> Int {
        max(0, (addresses[address] ?? 0) - Self.ofAddress)
            + max(0, (vicinities[address.vicinity] ?? 0) - Self.ofVicinity)
    }

    mutating func add(_ address: IPAddress) {
        addresses[address, default: 0] += 1
        vicinities[address.vicinity, default: 0] += 1
    }

    mutating func remove(_ address: IPAddress) {
        Self.decrease(&addresses, address)
        Self.decrease(&vicinities, address.vicinity)
    }

    private static func decrease(_ counts: inout [IPAddress: Int], _ address: IPAddress) {
        let left = (counts[address] ?? 0) - 1
        counts[address] = left > 0 ? left : nil
    }
}
