import Addresses
import LinuxKit
import NetworkCore
import Recorder

/// The multicast DNS responder of one interface: its machine and its two sockets.
final class NameResponder {
    private var link: Link
    private var machine: MulticastDNSResponder
    private let journal: Journal
    private var random = UrgentRandom()
    private var socket4: DatagramSocket?
    private var socket6: DatagramSocket?
    private var addresses4: [LinkAddress] = []
    private var addresses6: [IPv6Address] = []
    /// What this machine itself sends, on any interface: no word of somebody else.
    private var own: Set<[UInt8]> = []
    private var wasEstablished = false

    private static let port: UInt16 = 5353
    /// Source: RFC 6762 §3.
    private static let group4: [UInt8] = [224, 0, 0, 251]

    init(_ link: Link, host: String, _ journal: Journal) {
        self.link = link
        self.journal = journal
        machine = MulticastDNSResponder(host: host)
    }

    /// The name that others may use; `nil` while it is not ours yet.
    var name: String? { machine.isEstablished ? machine.name : nil }
    var deadline: Duration? { machine.deadline }
    /// -1 while there is no socket.
    var descriptors: [Int32] { [socket4?.descriptor ?? -1, socket6?.descriptor ?? -1] }

    /// Takes the kernel's present description.
    func update(
        _ fresh: Link, _ addresses4: [LinkAddress], _ addresses6: [IPv6Address],
        own: Set<[UInt8]>, at now: Duration
    ) {
        link = fresh
        self.own = own
        self.addresses4 = addresses4.filter { $0.index == fresh.index }
        self.addresses6 = addresses6
        guard fresh.hasCarrier else {
            perform(.addresses([], []), from: nil, at: now)
            return
        }
        if socket4 == nil, !self.addresses4.isEmpty {
            socket4 = try? DatagramSocket(
                fresh, port: Self.port, isIPv6: false, group: Self.group4)
        }
        if socket6 == nil, !addresses6.isEmpty {
            socket6 = try? DatagramSocket(
                fresh, port: Self.port, isIPv6: true, group: IPv6Address.multicastDNS.bytes)
        }
        perform(
            .addresses(self.addresses4.map(\.prefix.address), addresses6), from: nil, at: now)
    }

    /// Reads what came, a bounded number.
    func receive(at now: Duration) {
        for _ in 0..<32 {
            guard let datagram = socket4?.receive() ?? socket6?.receive() else { return }
            guard !own.contains(datagram.address), isOnLink(datagram.address),
                let message = MulticastDNSMessage(parsing: datagram.bytes)
            else { continue }
            let isLegacy = datagram.port != Self.port
            // An answer from another port is none (§6).
            guard !isLegacy || !message.isResponse else { continue }
            perform(.received(message, isLegacy: isLegacy), from: datagram, at: now)
        }
    }

    func timeReached(at now: Duration) {
        if let due = machine.deadline, due <= now { perform(.timeReached, from: nil, at: now) }
    }

    /// Only the link's own machines are heard, so that nobody far away uses this one to flood a third. Source: RFC 6762 §11.
    private func isOnLink(_ address: [UInt8]) -> Bool {
        if let four = IPv4Address(bytes: address) {
            return addresses4.contains { $0.prefix.contains(four) }
                || address.starts(with: [169, 254])
        }
        guard let six = IPv6Address(bytes: address) else { return false }
        return six.isLinkLocal || addresses6.contains { $0.bytes.prefix(8) == six.bytes.prefix(8) }
    }

    private func perform(
        _ event: MulticastDNSResponder.Event, from asker: DatagramSocket.Datagram?,
        at now: Duration
    ) {
        for effect in machine.handle(event, at: now, using: &random) {
            switch effect {
            case .send(let message):
                let bytes = message.encoded
                if !addresses4.isEmpty {
                    try? socket4?.send(bytes, to: Self.group4, port: Self.port)
                }
                try? socket6?.send(bytes, to: IPv6Address.multicastDNS.bytes, port: Self.port)
            case .reply(let message):
                guard let asker else { continue }
                let isFour = asker.address.count == 4
                if isFour {
                    try? socket4?.send(message.encoded, to: asker.address, port: asker.port)
                } else {
                    try? socket6?.send(message.encoded, to: asker.address, port: asker.port)
                }
            case .renamed(let name):
                journal.change("somebody else has the name; trying \(name)", at: now)
            }
        }
        if machine.isEstablished != wasEstablished {
            wasEstablished = machine.isEstablished
            if wasEstablished { journal.detail("answers for \(machine.name)") }
        }
    }
}
