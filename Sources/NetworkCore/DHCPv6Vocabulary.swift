import Addresses

/// What goes into the machine and what comes out of it.
extension DHCPv6Machine {
    /// What the routers of the link say that DHCPv6 has. Source: RFC 4861 §4.2, the flags O and M.
    package enum Wanted: Equatable, Sendable {
        case nothing, information, addresses
    }

    package enum Event: Equatable, Sendable {
        case carrierUp
        case carrierDown
        case wanted(Wanted)
        case received(DHCPv6Message)
        case timeReached
        /// Another machine on the link uses the address that this one was given.
        case addressInUse
    }

    package enum Effect: Equatable, Sendable {
        /// To all servers of the link.
        case send(DHCPv6Message)
        /// The interface is to have this address, and no other of DHCPv6.
        case configure(HeldDHCPv6)
        case dropAddress
        /// Name servers and search domains to use.
        case inform(DHCPv6Answer)
        case note(Note)
    }

    /// What a person may want to know.
    package enum Note: Equatable, Sendable {
        /// A message went out; `count` is its number since somebody answered last.
        case tried(DHCPv6Message.Kind, count: Int)
        case bound(HeldDHCPv6)
        case renewed(HeldDHCPv6)
        /// The link has it still.
        case confirmed(HeldDHCPv6)
        case informed
        case refused(DHCPv6Answer.Status)
        case expired(IPv6Address)
        case declined(IPv6Address)
    }

    /// Where the machine stands, in the words of RFC 8415.
    package enum Phase: String, Sendable {
        case idle, informing, informed, soliciting, requesting, confirming, bound, renewing
        case rebinding, declining
    }

    /// One transaction.
    struct Exchange: Equatable, Sendable {
        let transaction: UInt32
        let startedAt: Duration
        var sent = 0
        var lastSentAt: Duration
        var nextAt: Duration

        init(at now: Duration, _ random: inout some RandomNumberGenerator, nextAt: Duration? = nil)
        {
            transaction = UInt32.random(in: 0...0xFF_FFFF, using: &random)
            startedAt = nextAt ?? now
            lastSentAt = now
            self.nextAt = nextAt ?? now
        }
    }

    /// Where the machine stands, with what belongs to each place.
    enum State: Equatable, Sendable {
        /// Without a carrier, or without a router that points to DHCPv6.
        case idle(HeldDHCPv6?)
        case informing(Exchange)
        case informed(until: Duration)
        case soliciting(Exchange, best: DHCPv6Answer?)
        case requesting(Exchange, DHCPv6Answer)
        case confirming(Exchange, HeldDHCPv6)
        case bound(HeldDHCPv6)
        case renewing(Exchange, HeldDHCPv6)
        case rebinding(Exchange, HeldDHCPv6)
        case declining(Exchange, DHCPv6Answer)

        /// The question that is open.
        var exchange: Exchange? {
            switch self {
            case .idle, .informed, .bound: nil
            case .informing(let exchange), .soliciting(let exchange, _),
                .requesting(let exchange, _), .confirming(let exchange, _),
                .renewing(let exchange, _), .rebinding(let exchange, _),
                .declining(let exchange, _):
                exchange
            }
        }
    }
}
