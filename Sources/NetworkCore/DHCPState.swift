/// Where the machine stands, with what belongs to each place.
enum DHCPState: Sendable {
    case noCarrier(HeldLease?)
    case selecting(DHCPExchange, HeldLease?)
    case requesting(DHCPExchange, offer: Lease, HeldLease?)
    /// The first is what a server has given; the second is on the interface meanwhile.
    case probing(HeldLease, HeldLease?)
    case rebooting(DHCPExchange, HeldLease)
    case bound(HeldLease)
    case renewing(DHCPExchange, HeldLease)
    case rebinding(DHCPExchange, HeldLease)
    /// The lease is another than the one that was declined.
    case declined(until: Duration, HeldLease?)

    var phase: DHCPMachine.Phase {
        switch self {
        case .noCarrier: .noCarrier
        case .selecting: .selecting
        case .requesting: .requesting
        case .probing: .probing
        case .rebooting: .rebooting
        case .bound: .bound
        case .renewing: .renewing
        case .rebinding: .rebinding
        case .declined: .declined
        }
    }

    /// The lease whose address is on the interface.
    var held: HeldLease? {
        switch self {
        case .noCarrier(let held), .selecting(_, let held), .requesting(_, _, let held),
            .probing(_, let held), .declined(_, let held):
            held
        case .rebooting(_, let held), .bound(let held), .renewing(_, let held),
            .rebinding(_, let held):
            held
        }
    }

    /// When the next message goes out; `nil` where none is planned.
    var nextTryAt: Duration? {
        switch self {
        case .noCarrier, .probing: nil
        case .selecting(let exchange, _), .requesting(let exchange, _, _),
            .rebooting(let exchange, _), .renewing(let exchange, _), .rebinding(let exchange, _):
            exchange.nextAt
        case .bound(let held): held.renewAt
        case .declined(let until, _): until
        }
    }
}
