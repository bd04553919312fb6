import Addresses

/// Gives an interface an address of its own choice while nobody else gives it one. Source: RFC 3927.
///
/// An address that it has chosen stays while the carrier is away, since whoever is logged in through it is to find it
/// again; when the carrier comes it is probed for anew.
package struct LinkLocalMachine: Sendable {
    package enum Event: Equatable, Sendable {
        /// There is a carrier, and no other address.
        case needed
        /// There is another address.
        case notNeeded
        case carrierUp
        case carrierDown
        case heard(ARPPacket)
        case timeReached
    }

    package enum Effect: Equatable, Sendable {
        case send(ARPPacket)
        case take(IPv4Address)
        case drop(IPv4Address)
        /// Another machine has the address that was probed for, or held.
        case gaveWay(IPv4Address, to: HardwareAddress)
    }

    private let hardware: HardwareAddress
    private var state = State.idle
    private var conflicts = ConflictPace()
    /// How many addresses were chosen and lost.
    private var losses: UInt64 = 0

    private enum State: Sendable {
        case idle
        /// For another address, or after too many conflicts.
        case waiting(until: Duration)
        case probing(AddressClaim, isOnInterface: Bool)
        case holding(AddressClaim)
        /// The carrier is away; the address is on the interface.
        case resting(IPv4Address)
    }

    /// How long the search for a better address has for itself.
    package static let patience = Duration.seconds(15)

    package init(for hardware: HardwareAddress) { self.hardware = hardware }

    /// The address that the interface has from here.
    package var address: IPv4Address? {
        switch state {
        case .probing(let claim, let isOnInterface): isOnInterface ? claim.address : nil
        case .holding(let claim): claim.address
        case .resting(let address): address
        case .idle, .waiting: nil
        }
    }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        switch state {
        case .waiting(let until): until
        case .probing(let claim, _), .holding(let claim): claim.deadline
        case .idle, .resting: nil
        }
    }

    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch (state, event) {
        case (.idle, .needed):
            state = .waiting(until: now + Self.patience)
            return []
        case (.idle, .notNeeded), (.idle, .carrierUp), (.idle, .carrierDown), (.idle, .heard),
            (.idle, .timeReached):
            return []

        case (.waiting(let until), .timeReached):
            guard until <= now else { return [] }
            return probe(choice, isOnInterface: false, at: now, using: &random)
        case (.waiting, .notNeeded), (.waiting, .carrierDown):
            state = .idle
            return []
        case (.waiting, .carrierUp):
            state = .waiting(until: now + Self.patience)
            return []
        case (.waiting, .needed), (.waiting, .heard):
            return []

        case (.probing(let claim, let isOnInterface), .timeReached):
            return pass(.timeReached, to: claim, isOnInterface, at: now, using: &random)
        case (.probing(let claim, let isOnInterface), .heard(let packet)):
            return pass(.heard(packet), to: claim, isOnInterface, at: now, using: &random)
        case (.probing(let claim, let isOnInterface), .notNeeded):
            state = .idle
            return isOnInterface ? [.drop(claim.address)] : []
        case (.probing(let claim, let isOnInterface), .carrierDown):
            state = isOnInterface ? .resting(claim.address) : .idle
            return []
        case (.probing(let claim, let isOnInterface), .carrierUp):
            return probe(claim.address, isOnInterface: isOnInterface, at: now, using: &random)
        case (.probing, .needed):
            return []

        case (.holding(let claim), .timeReached):
            return pass(.timeReached, to: claim, true, at: now, using: &random)
        case (.holding(let claim), .heard(let packet)):
            return pass(.heard(packet), to: claim, true, at: now, using: &random)
        case (.holding(let claim), .notNeeded):
            state = .idle
            return [.drop(claim.address)]
        case (.holding(let claim), .carrierDown):
            state = .resting(claim.address)
            return []
        case (.holding(let claim), .carrierUp):
            return probe(claim.address, isOnInterface: true, at: now, using: &random)
        case (.holding, .needed):
            return []

        case (.resting(let address), .carrierUp), (.resting(let address), .needed):
            return probe(address, isOnInterface: true, at: now, using: &random)
        case (.resting(let address), .notNeeded):
            state = .idle
            return [.drop(address)]
        case (.resting, .carrierDown), (.resting, .heard), (.resting, .timeReached):
            return []
        }
    }

    private mutating func probe(
        _ address: IPv4Address, isOnInterface: Bool, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let claim = AddressClaim(
            probing: address, for: hardware, .standard, at: now, using: &random)
        return pass(.timeReached, to: claim, isOnInterface, at: now, using: &random)
    }

    private mutating func pass(
        _ event: AddressClaim.Event, to claim: AddressClaim, _ isOnInterface: Bool,
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var claim = claim
        var effects: [Effect] = []
        let consequences = claim.handle(event, at: now, using: &random)
        state = claim.isProbing ? .probing(claim, isOnInterface: isOnInterface) : .holding(claim)
        for consequence in consequences {
            switch consequence {
            case .send(let packet): effects.append(.send(packet))
            case .free:
                if !isOnInterface { effects.append(.take(claim.address)) }
                conflicts.settled()
            case .defended: break
            case .taken(let owner):
                if isOnInterface { effects.append(.drop(claim.address)) }
                effects.append(.gaveWay(claim.address, to: owner))
                losses &+= 1
                conflicts.lost(claim.address, at: now)
                state = .waiting(until: max(now, conflicts.opening(for: choice)))
            }
        }
        return effects
    }

    /// 169.254.1.0 to 169.254.254.255, by the hardware address, so that the machine has the same one at each boot, and
    /// two machines mostly different ones (§2.1).
    private var choice: IPv4Address {
        let seed = hardware.bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        // Source: SplitMix64, whose finalizer spreads neighbouring seeds over the whole range.
        var mixed = seed &+ 0x9E37_79B9_7F4A_7C15 &* (losses &+ 1)
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return IPv4Address(rawValue: 0xA9FE_0100 + UInt32(mixed % 0xFE00))
    }
}
