import JSONKit
import NetworkCore

/// Events since the interface was first seen.
struct InterfaceCounters {
    var sent = 0
    var received = 0
    var ignored = 0
    var malformed = 0
    var leases = 0
    var renewals = 0
    var refusals = 0
    var carrierLosses = 0
    var repairs = 0
    var conflicts = 0

    mutating func count(_ note: DHCPMachine.Note) {
        switch note {
        case .tried, .offered, .postponed: break
        case .bound: leases += 1
        case .renewed: renewals += 1
        case .refused, .expired, .declined: refusals += 1
        case .ignored: ignored += 1
        }
    }

    mutating func count(_ note: IPv4Machine.ClaimNote) {
        switch note {
        case .defended, .gaveWay: conflicts += 1
        case .tookLinkLocal, .droppedLinkLocal, .hurried: break
        }
    }

    var json: JSON {
        [
            "sent": .number(sent), "received": .number(received), "ignored": .number(ignored),
            "malformed": .number(malformed), "leases": .number(leases),
            "renewals": .number(renewals), "refusals": .number(refusals),
            "carrierLosses": .number(carrierLosses), "repairs": .number(repairs),
            "conflicts": .number(conflicts),
        ]
    }
}
