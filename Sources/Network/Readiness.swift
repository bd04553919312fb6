import LinuxKit
import NetworkCore

/// Whether one interface can be used, as `davit net --once` waits for it: it has IPv4; or IPv6 with a way out where there is no IPv4; and in
/// any case what a person has said.
struct Readiness {
    let link: Link
    let machine: IPv4Machine
    /// Whether the kernel has what the machine says.
    let isConfigured: Bool
    let ipv6: IPv6Interface?
    let carrierSince: Duration?
    /// A DHCP server that is there has given an address within this time.
    let patience: Duration
    let lastError: String?

    func isReady(at now: Duration) -> Bool {
        if hasIPv4 { return ipv6?.isFixed != true || ipv6?.readiness != nil }
        return isWithoutIPv4(at: now) && ipv6?.readiness != nil
    }

    /// When it may change although nothing happens.
    var deadline: Duration? { carrierSince.map { $0 + patience } }

    /// What the interface has or lacks, for a person.
    func words(at now: Duration) -> String {
        if isReady(at: now) {
            let chosen = machine.linkLocal.map { "\($0)/16" }
            let own = machine.held.map { "\($0.lease.prefix)" } ?? chosen
            let all = [hasIPv4 ? own : nil, ipv6?.readiness].compactMap { $0 }
            return "has \(all.joined(separator: " and "))"
        }
        if !link.isUp { return "cannot be switched on" }
        guard link.hasCarrier else { return "no carrier; look whether the cable is in" }
        switch machine.source {
        case .dhcp:
            return "no DHCP server has given an address, and there is no IPv6 with a way out"
        case .fixed, .linkLocal, .none:
            return lastError ?? "what the kernel's command line says is not in place"
        }
    }

    /// What a server confirmed in this run, rather than what is left of an earlier one, or what a person has said.
    private var hasIPv4: Bool {
        switch machine.source {
        case .dhcp(let dhcp):
            switch dhcp.phase {
            case .bound, .renewing, .rebinding: isConfigured
            case .noCarrier, .selecting, .requesting, .probing, .rebooting, .declined: false
            }
        case .fixed: isConfigured && link.hasCarrier
        case .linkLocal: machine.linkLocal != nil && link.hasCarrier
        case .none: false
        }
    }

    /// Whether nothing is to be expected of IPv4: there is to be none, or no server has offered anything.
    private func isWithoutIPv4(at now: Duration) -> Bool {
        switch machine.source {
        case .dhcp(let dhcp):
            dhcp.phase == .selecting && (deadline.map { $0 <= now } ?? false)
        case .fixed, .linkLocal: false
        case .none: true
        }
    }
}
