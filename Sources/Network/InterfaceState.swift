import Addresses
import Bytes
import JSONKit
import LinuxKit
import NetworkCore

/// The files about one interface: `$DAVIT_RUN/net/IF.json` for people and `davit status`, and `IF.lease`, the
/// time of the last request in eight bytes and the server's ACK to it as it came, from which a later run takes the lease up again through the same parser;
/// and `IF.lease6`, the same of DHCPv6 with the server's Reply.
///
/// IF.json: interface, mac, state (absent, down, no-carrier, selecting, requesting, probing, rebooting, bound, renewing, rebinding,
/// declined, static, link-local, ipv6, off, stopped), since, carrier, configured (with IPv4), ready (for who waits) and readiness in words, address, linkLocal, gateway, dns, domain, ntp, server,
/// leaseSeconds, leaseEndsAt, renewAt, tries, lastTryAt, nextTryAt, lastError, lastErrorAt, broughtUp, originalMTU, pid,
/// ipv6 (`IPv6Interface.json`), mdns (the name it is found by), counters. Times are milliseconds since boot; what is not
/// known is null.
struct InterfaceState {
    private let path: String

    static var directory: String { Roots.run + "/net" }

    init(interface: String) { path = Self.directory + "/" + interface }

    /// What an earlier run left.
    struct Earlier {
        var address: IPv4Address?
        var linkLocal: IPv4Address?
        var broughtUp = false
        var originalMTU: UInt32?
        var held: HeldLease?
    }

    /// Reads what an earlier run left for an interface with this hardware address; damage counts as nothing.
    func earlier(_ hardwareAddress: HardwareAddress, at now: Duration) -> Earlier {
        var earlier = Earlier()
        earlier.held = earlierLease(hardwareAddress, at: now)
        earlier.address = earlier.held?.lease.address
        guard let text = Files.text(path + ".json", limit: 65536),
            let state = try? JSON(parsing: text),
            state["mac"]?.string == hardwareAddress.description
        else { return earlier }
        earlier.broughtUp = state["broughtUp"]?.bool ?? false
        earlier.originalMTU = (state["originalMTU"]?.int).flatMap { UInt32(exactly: $0) }
        if let prefix = (state["address"]?.string).flatMap(IPv4Prefix.init(parsing:)) {
            earlier.address = prefix.address
        }
        earlier.linkLocal = (state["linkLocal"]?.string).flatMap { IPv4Address(parsing: $0) }
        return earlier
    }

    /// The lease that an earlier run left for this hardware address, unless it has ended.
    private func earlierLease(_ hardwareAddress: HardwareAddress, at now: Duration) -> HeldLease? {
        guard let (bytes, obtainedAt) = kept("lease"),
            let message = try? DHCPMessage(parsing: bytes),
            message.hardwareAddress == hardwareAddress,
            let lease = try? Lease(parsing: message)
        else { return nil }
        let held = HeldLease(lease, obtainedAt: obtainedAt)
        // A time in the future is of another boot.
        return obtainedAt <= now && !held.hasEnded(at: now) ? held : nil
    }

    /// The Reply of a DHCPv6 server that an earlier run left, and when it was asked for.
    var earlierReply: (message: DHCPv6Message, obtainedAt: Duration)? {
        guard let (bytes, obtainedAt) = kept("lease6"),
            let message = try? DHCPv6Message(parsing: bytes)
        else { return nil }
        return (message, obtainedAt)
    }

    private func kept(_ kind: String) -> (ArraySlice<UInt8>, Duration)? {
        guard let bytes = try? Files.read("\(path).\(kind)", limit: 16384) else { return nil }
        var reader = ByteReader(bytes)
        guard let high = reader.uint32(), let low = reader.uint32() else { return nil }
        let time = Duration.milliseconds(Int64(high & 0x7FFF_FFFF) << 32 | Int64(low))
        return (reader.remainder(), time)
    }

    private func keep(
        _ kind: String, _ message: [UInt8], obtainedAt: Duration
    ) throws(SystemError) {
        let time = UInt64(clamping: obtainedAt.milliseconds)
        var writer = ByteWriter()
        writer.append(UInt32(truncatingIfNeeded: time >> 32))
        writer.append(UInt32(truncatingIfNeeded: time))
        writer.append(message)
        try Files.replace("\(path).\(kind)", with: writer.bytes, mode: 0o600)
    }

    func keep(
        _ acknowledgement: DHCPMessage, obtainedAt: Duration
    ) throws(SystemError) {
        try keep("lease", acknowledgement.encoded, obtainedAt: obtainedAt)
    }

    func keep(_ reply: DHCPv6Message, obtainedAt: Duration) throws(SystemError) {
        try keep("lease6", reply.encoded, obtainedAt: obtainedAt)
    }

    func forgetLease() throws(SystemError) { try Files.remove(path + ".lease") }

    func forgetReply() throws(SystemError) { try Files.remove(path + ".lease6") }

    func write(_ state: JSON) throws(SystemError) {
        try Files.replace(path + ".json", with: state.pretty + "\n")
    }

    func remove() throws(SystemError) {
        try forgetLease()
        try forgetReply()
        try Files.remove(path + ".json")
    }
}
