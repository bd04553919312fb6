import JSONKit

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
