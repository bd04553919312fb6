import Addresses

/// All of IPv4 on one interface: where its address comes from, the claim to it, and an address of its own choice
/// while there is no other. It passes events and effects between the machines for these three and decides nothing itself.
package struct IPv4Machine: Sendable {
    /// Where the address comes from.
    package enum Source: Sendable {
        case dhcp(DHCPMachine)
        /// A person has said what it is.
        case fixed(Lease)
        /// From nowhere but the interface itself.
        case linkLocal
        /// There is to be none.
        case none
    }

    package enum Event: Equatable, Sendable {
        case carrierUp
        case carrierDown
        case received(DHCPMessage)
        /// An ARP packet of another machine.
        case heard(ARPPacket)
        /// A packet of another machine that shows that there is one, such as a broadcast or a router advertisement.
        case signOfLife
        case timeReached
    }

    package enum Effect: Equatable, Sendable {
        case send(DHCPMessage, DHCPMachine.Way)
        case sendARP(ARPPacket)
        /// A server has given this lease, and the link is asked whether somebody has the address.
        case probe(HeldLease)
        /// The interface is to have this lease's address and routes, and no other's.
        case configure(HeldLease)
        /// The interface is to have no lease's address.
        case dropAddress
        /// What is wanted of the address that the interface has chosen itself has changed: see `linkLocal`.
        case changeLinkLocal
        case note(DHCPMachine.Note)
        case claim(ClaimNote)
    }

    /// What a person may want to know about addresses and who has them.
    package enum ClaimNote: Equatable, Sendable {
        case defended(IPv4Address, against: HardwareAddress)
        case gaveWay(IPv4Address, to: HardwareAddress)
        case tookLinkLocal(IPv4Address)
        case droppedLinkLocal(IPv4Address)
        /// Somebody was heard after a silence, so that the next try comes at once.
        case hurried
    }

    private let hardware: HardwareAddress
    package private(set) var source: Source
    private var claim: AddressClaim?
    private var choice: LinkLocalMachine
    private var signs: SignsOfLife?

    package init(_ source: Source, for hardware: HardwareAddress) {
        self.source = source
        self.hardware = hardware
        choice = LinkLocalMachine(for: hardware)
    }

    // MARK: What is seen

    private var dhcp: DHCPMachine? {
        if case .dhcp(let machine) = source { machine } else { nil }
    }

    /// The lease whose address is on the interface.
    package var held: HeldLease? {
        switch source {
        case .dhcp(let machine): machine.held
        case .fixed(let lease): HeldLease(lease, obtainedAt: .zero)
        case .linkLocal, .none: nil
        }
    }

    /// The address that the interface has chosen itself.
    package var linkLocal: IPv4Address? { choice.address }
    /// Where DHCP stands; `nil` without it.
    package var phase: DHCPMachine.Phase? { dhcp?.phase }
    package var tries: Int { dhcp?.tries ?? 0 }
    package var lastTryAt: Duration? { dhcp?.lastTryAt }
    package var nextTryAt: Duration? { dhcp?.nextTryAt }
    package var hasCarrier: Bool { signs != nil }

    /// Whether DHCP asks and nobody has offered anything.
    package var isSearching: Bool { phase == .selecting }

    /// Whether DHCPv6 is unanswered on the same link (`Pace.isShared`).
    package mutating func share(_ isShared: Bool) {
        guard case .dhcp(var machine) = source, machine.isShared != isShared else { return }
        machine.isShared = isShared
        source = .dhcp(machine)
    }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        [dhcp?.deadline, claim?.deadline, choice.deadline].compactMap { $0 }.min()
    }

    /// The one address that is of interest to ARP; `nil` when all that is heard is.
    package var watched: IPv4Address? {
        switch phase {
        case .bound, .renewing, .rebinding: claim?.address
        case nil where held != nil: claim?.address
        case .noCarrier, .selecting, .requesting, .probing, .rebooting, .declined, nil: nil
        }
    }

    // MARK: Events

    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .carrierUp:
            signs = SignsOfLife(since: now)
            watchHeld(at: now)
            effects = pass(.carrierUp, at: now, using: &random)
            effects += choose(.carrierUp, at: now, using: &random)
        case .carrierDown:
            signs = nil
            claim = nil
            effects = pass(.carrierDown, at: now, using: &random)
            effects += choose(.carrierDown, at: now, using: &random)
        case .received(let message):
            effects = pass(.received(message), at: now, using: &random)
        case .heard(let packet):
            guard packet.senderHardware != hardware else { return [] }
            effects = contest(.heard(packet), at: now, using: &random)
            effects += choose(.heard(packet), at: now, using: &random)
            effects += live(at: now, using: &random)
        case .signOfLife:
            effects = live(at: now, using: &random)
        case .timeReached:
            effects = contest(.timeReached, at: now, using: &random)
            effects += pass(.timeReached, at: now, using: &random)
            effects += choose(.timeReached, at: now, using: &random)
        }
        guard hasCarrier else { return effects }
        return effects + choose(needsChoice ? .needed : .notNeeded, at: now, using: &random)
    }

    private var needsChoice: Bool {
        switch source {
        case .dhcp(let machine): machine.held == nil
        case .linkLocal: true
        case .fixed, .none: false
        }
    }

    /// An address that the interface kept is asked about and watched on the new link too (RFC 5227 §2.1), though not announced there:
    /// the link may be another network's. One that a person has chosen is.
    private mutating func watchHeld(at now: Duration) {
        claim = nil
        guard let address = held?.lease.address else { return }
        switch source {
        case .fixed:
            claim = AddressClaim(holding: address, for: hardware, .firm, isAnnounced: true, at: now)
        case .dhcp:
            claim = AddressClaim(holding: address, for: hardware, isAnnounced: false, at: now)
        case .linkLocal, .none: break
        }
    }

    private mutating func live(
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard signs?.heard(at: now) == true, phase == .selecting else { return [] }
        return [.claim(.hurried)] + pass(.signOfLife, at: now, using: &random)
    }

    // MARK: The three machines

    private mutating func pass(
        _ event: DHCPMachine.Event, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard case .dhcp(var machine) = source else { return [] }
        let consequences = machine.handle(event, at: now, using: &random)
        source = .dhcp(machine)
        var effects: [Effect] = []
        for consequence in consequences {
            switch consequence {
            case .send(let message, let way): effects.append(.send(message, way))
            case .probe(let fresh):
                effects.append(.probe(fresh))
                claim = AddressClaim(
                    probing: fresh.lease.address, for: hardware, .prompt, at: now, using: &random)
                effects += contest(.timeReached, at: now, using: &random)
            case .configure(let held):
                effects.append(.configure(held))
                // One that was only watched is announced now that a server has confirmed it.
                claim?.announce(at: now)
            case .dropAddress:
                effects.append(.dropAddress)
                // The claim of a probe under way is to another address than the one that goes.
                if phase != .probing { claim = nil }
            case .note(let note): effects.append(.note(note))
            }
        }
        // A lease can end before its probes do, or turn out to be another machine's: what was held beside it is watched again.
        if phase != .probing, claim?.isProbing ?? hasCarrier { watchHeld(at: now) }
        return effects
    }

    private mutating func contest(
        _ event: AddressClaim.Event, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard var contested = claim else { return [] }
        let consequences = contested.handle(event, at: now, using: &random)
        claim = contested
        var effects: [Effect] = []
        for consequence in consequences {
            switch consequence {
            case .send(let packet): effects.append(.sendARP(packet))
            case .free: effects += pass(.addressFree, at: now, using: &random)
            case .defended(let rival):
                effects.append(.claim(.defended(contested.address, against: rival)))
            case .taken(let owner):
                claim = nil
                effects.append(.claim(.gaveWay(contested.address, to: owner)))
                effects += pass(.addressInUse, at: now, using: &random)
            }
        }
        return effects
    }

    private mutating func choose(
        _ event: LinkLocalMachine.Event, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        choice.handle(event, at: now, using: &random).flatMap { consequence -> [Effect] in
            switch consequence {
            case .send(let packet): [.sendARP(packet)]
            case .take(let address): [.changeLinkLocal, .claim(.tookLinkLocal(address))]
            case .drop(let address): [.changeLinkLocal, .claim(.droppedLinkLocal(address))]
            case .gaveWay(let address, let owner): [.claim(.gaveWay(address, to: owner))]
            }
        }
    }
}
