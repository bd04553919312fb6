import Addresses
import NetworkCore

/// A DHCP server as it stands in the standard, with the moods of real ones.
struct SimulatedServer {
    let address: IPv4Address
    var leaseSeconds: UInt32 = 3600
    /// The last byte of the first of ten addresses; after a restart with another pool it refuses the old ones.
    var pool: UInt8
    /// Whether it refuses what it does not know, rather than keeping silent.
    var isAuthoritative = true
    var isUp = false
    /// Whether it remembers what it gave.
    private var given: IPv4Address?
    private var declined: Set<IPv4Address> = []

    init(_ last: UInt8, pool: UInt8) {
        address = IPv4Address(192, 0, 2, last)
        self.pool = pool
    }

    mutating func forget() { given = nil }

    mutating func changePool() {
        pool = pool >= 120 ? pool - 100 : pool + 100
        given = nil
        declined = []
    }

    private var addresses: [IPv4Address] { (0..<10).map { IPv4Address(192, 0, 2, pool + $0) } }

    private mutating func choice() -> IPv4Address {
        let free = addresses.filter { !declined.contains($0) }
        if free.isEmpty { declined = [] }
        if let given, free.contains(given) { return given }
        return free.first ?? addresses[0]
    }

    mutating func answer(to message: DHCPMessage) -> DHCPMessage? {
        guard isUp else { return nil }
        var answer = DHCPMessage(
            .ack, transaction: message.transaction, from: message.hardwareAddress)
        answer.isReply = true
        answer.options[54] = address.bytes
        switch message.kind {
        case .discover:
            answer.kind = .offer
            answer.yourAddress = choice()
        case .request:
            let asked = message.options.address(50) ?? message.clientAddress
            if let chosen = message.serverIdentifier {
                guard chosen == address else { return nil }
                given = addresses.contains(asked) ? asked : nil
            }
            if given == asked {
                answer.yourAddress = asked
            } else if isAuthoritative {
                answer.kind = .nak
            } else {
                return nil
            }
        case .decline:
            guard message.serverIdentifier == address, let bad = message.options.address(50) else {
                return nil
            }
            declined.insert(bad)
            given = nil
            return nil
        case .offer, .ack, .nak, .release, .inform: return nil
        }
        if answer.kind != .nak {
            answer.options[1] = [255, 255, 255, 0]
            answer.options[51] = IPv4Address(rawValue: leaseSeconds).bytes
        }
        return answer
    }
}
