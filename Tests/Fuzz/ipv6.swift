import Addresses
import NetworkCore

/// The first byte chooses: the options of a router, a DHCPv6 packet, a conversation with DHCPv6 servers, a packet of
/// multicast DNS, or a conversation about a name.
func fuzz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let rest = input.dropFirst()
    switch first % 5 {
    case 0:
        let options = RouterOptions(parsing: rest)
        claim(options.nameServers.count <= 8 && options.search.count <= 8, "too much of a router")
        claim(options.search.allSatisfy { DomainName.checked($0.domain) != nil }, "a bad name")
    case 1: readPacket(rest)
    case 2:
        var conversation = Conversation(rest)
        conversation.run()
    case 3:
        guard let message = MulticastDNSMessage(parsing: Array(rest)) else { return }
        claim(message.questions.count <= 32 && message.answers.count <= 64, "too many records")
        _ = message.encoded
    default:
        var claimant = Claimant(rest)
        claimant.run()
    }
}

private func readPacket(_ bytes: ArraySlice<UInt8>) {
    guard let message = try? DHCPv6Message(parsing: bytes) else { return }
    claim(
        (try? DHCPv6Message(parsing: message.encoded[...])) == message,
        "a message does not survive its own encoding")
    guard let answer = DHCPv6Answer(parsing: message, identity: 1) else { return }
    claim(answer.nameServers.count <= 8 && answer.search.count <= 8, "too many servers")
    claim(answer.address.map { $0.address.isHost && $0.valid > 0 } ?? true, "no address")
}

/// One DHCPv6 machine and what the script lets happen to it.
private struct Conversation {
    private var script: Script
    private var machine = DHCPv6Machine(
        HardwareAddress(bytes: [2, 0, 0, 0, 0, 1]) ?? .broadcast)
    private var random: SeededRandom
    private var now = Duration.seconds(1000)
    private var hasCarrier = false
    private var sent: [(at: Duration, message: DHCPv6Message)] = []
    private var configured: HeldDHCPv6?

    init(_ bytes: ArraySlice<UInt8>) {
        var script = Script(bytes)
        random = SeededRandom(UInt64(script.byte()))
        self.script = script
    }

    mutating func run() {
        for _ in 0..<300 where !script.isOver { step() }
        if !hasCarrier { feed(.carrierUp) }
        feed(.wanted(.addresses))
        for _ in 0..<30 { wait() }
    }

    private mutating func step() {
        switch script.byte() % 12 {
        case 0: feed(.carrierUp)
        case 1: feed(.carrierDown)
        case 2: feed(.wanted(.addresses))
        case 3: feed(.wanted(.information))
        case 4: feed(.wanted(.nothing))
        case 5, 6: wait()
        case 7:
            now += .seconds(Int(script.uint16()))
            feed(.timeReached)
        case 8: feed(.addressInUse)
        case 9: answer(script.byte(), script.bytes(Int(script.byte())))
        default: answer(script.byte(), good())
        }
    }

    private mutating func good() -> [UInt8] {
        let identity = IPv4Address(rawValue: machine.identity).bytes
        let address = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [script.byte()]
        let lifetime: [UInt8] = [0, 0, script.byte(), script.byte()]
        return [0, 3, 0, 40] + identity + script.bytes(8) + [0, 5, 0, 24] + address + lifetime
            + lifetime + [0, 14, 0, 0]
    }

    private mutating func answer(_ kind: UInt8, _ options: [UInt8]) {
        let transaction = sent.last?.message.transaction ?? 0
        let head =
            IPv4Address(rawValue: UInt32(kind % 12) << 24 | transaction).bytes
            + [0, 1, 0, UInt8(machine.identifier.count)] + machine.identifier
            + [0, 2, 0, 1, 7]
        guard hasCarrier, let message = try? DHCPv6Message(parsing: (head + options)[...]) else {
            return
        }
        feed(.received(message))
    }

    private mutating func wait() {
        guard let deadline = machine.deadline else { return }
        now = max(now, deadline)
        feed(.timeReached)
        claim(machine.deadline.map { $0 > now } ?? true, "nothing happens at the deadline")
    }

    private mutating func feed(_ event: DHCPv6Machine.Event) {
        if event == .carrierUp { hasCarrier = true }
        if event == .carrierDown { hasCarrier = false }
        for effect in machine.handle(event, at: now, using: &random) {
            if case .send(let message) = effect {
                claim(hasCarrier, "sends without a carrier")
                claim(message.encoded.count <= 1232, "a message too long for every link")
                sent.append((now, message))
            } else if case .configure(let held) = effect {
                configured = held
            } else if effect == .dropAddress {
                configured = nil
            }
        }
        claim(configured == machine.held, "the interface has what the machine does not hold")
        if [.soliciting, .requesting, .informing].contains(machine.phase) {
            claim(machine.deadline.map { $0 <= now + .seconds(36) } == true, "the next try is far")
        }
        if sent.count > 28, let last = sent.last {
            claim(last.at - sent[sent.count - 29].at >= .seconds(60), "29 packets in a minute")
        }
    }
}

/// One responder and what others on the link say.
private struct Claimant {
    private var script: Script
    private var machine = MulticastDNSResponder(host: "a")
    private var random: SeededRandom
    private var now = Duration.seconds(1000)
    private var sentAt: [Duration] = []

    init(_ bytes: ArraySlice<UInt8>) {
        var script = Script(bytes)
        random = SeededRandom(UInt64(script.byte()))
        self.script = script
    }

    mutating func run() {
        feed(.addresses([IPv4Address(192, 0, 2, 5)], []))
        for _ in 0..<300 where !script.isOver {
            switch script.byte() % 6 {
            case 0:
                now += .milliseconds(Int(script.uint16()))
                feed(.timeReached)
            case 1:
                let count = Int(script.byte() % 12)
                feed(
                    .addresses(
                        (0..<count).map { IPv4Address(192, 0, 2, UInt8($0)) },
                        [IPv6Address.multicastDNS]))
            case 2: hear(script.bytes(Int(script.byte())))
            // About our own name.
            default:
                let name: [UInt8] = [1, 0x61, 5, 0x6C, 0x6F, 0x63, 0x61, 0x6C, 0]
                let flags: [UInt8] = script.byte().isMultiple(of: 2) ? [0x84, 0] : [0, 0]
                hear(
                    [0, 0] + flags + [0, 1, 0, 1, 0, 0, 0, 0] + name + script.bytes(4) + name
                        + [0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4] + script.bytes(4))
            }
        }
    }

    private mutating func hear(_ bytes: [UInt8]) {
        guard let message = MulticastDNSMessage(parsing: bytes) else { return }
        feed(.received(message, isLegacy: script.byte().isMultiple(of: 2)))
    }

    private mutating func feed(_ event: MulticastDNSResponder.Event) {
        for effect in machine.handle(event, at: now, using: &random) {
            switch effect {
            case .send(let message), .reply(let message):
                claim(message.encoded.count <= 9000, "a message too long")
                claim(
                    (message.answers + message.authorities).allSatisfy { $0.name == machine.name },
                    "an answer for another name")
                sentAt.append(now)
            case .renamed(let name): claim(name == machine.name, "renamed to another name")
            }
        }
        if sentAt.count > 20, let last = sentAt.last {
            claim(last - sentAt[sentAt.count - 21] >= .seconds(1), "21 messages in a second")
        }
    }
}
