import Addresses
import JSONKit
import LinuxKit
import NetworkCore

/// The files about one interface: `$DAVIT_RUN/net/IF.json` for people and `davit status`, and `IF.lease`, the server's last ACK as
/// it came, from which a later run takes the lease up again through the same parser.
///
/// IF.json: interface, mac, state (absent, down, no-carrier, selecting, requesting, rebooting, bound, renewing, rebinding,
/// declined, stopped), since, carrier, address, gateway, dns, domain, server, leaseSeconds, leaseEndsAt, renewAt, tries, lastTryAt,
/// nextTryAt, lastError, lastErrorAt, broughtUp, originalMTU, pid, counters. Times are milliseconds since boot; what is not known is null.
struct InterfaceState {
    private let path: String

    static var directory: String { Roots.run + "/net" }

    init(interface: String) { path = Self.directory + "/" + interface }

    /// What an earlier run left.
    struct Earlier {
        var address: IPv4Address?
        var broughtUp = false
        var originalMTU: UInt32?
        var held: HeldLease?
    }

    /// Reads what an earlier run left for an interface with this hardware address; damage counts as nothing.
    func earlier(_ hardwareAddress: HardwareAddress, at now: Duration) -> Earlier {
        var earlier = Earlier()
        guard let text = Files.text(path + ".json", limit: 65536),
            let state = try? JSON(parsing: text),
            state["mac"]?.string == hardwareAddress.description
        else { return earlier }
        earlier.broughtUp = state["broughtUp"]?.bool ?? false
        earlier.originalMTU = (state["originalMTU"]?.int).flatMap { UInt32(exactly: $0) }
        earlier.address = (state["address"]?.string).flatMap(IPv4Prefix.init(parsing:))?.address
        guard let obtainedAt = state["leaseObtainedAt"]?.int,
            let bytes = try? Files.read(path + ".lease", limit: 16384),
            let message = try? DHCPMessage(parsing: bytes[...]),
            message.hardwareAddress == hardwareAddress,
            let lease = try? Lease(parsing: message), lease.address == earlier.address
        else { return earlier }
        let held = HeldLease(lease, obtainedAt: .milliseconds(obtainedAt))
        // A time in the future is of another boot.
        if held.obtainedAt <= now, !held.hasEnded(at: now) { earlier.held = held }
        return earlier
    }

    func keep(_ acknowledgement: DHCPMessage) throws(SystemError) {
        try Files.replace(path + ".lease", with: acknowledgement.encoded, mode: 0o600)
    }

    func forgetLease() throws(SystemError) { try Files.remove(path + ".lease") }

    func write(_ state: JSON) throws(SystemError) {
        try Files.replace(path + ".json", with: state.pretty + "\n")
    }

    func remove() throws(SystemError) {
        try forgetLease()
        try Files.remove(path + ".json")
    }
}
