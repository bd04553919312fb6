import Addresses
import NetworkCore

/// The first byte chooses: an even one takes the rest as a packet from the link, an odd one as the script of a
/// conversation with servers that send what they like.
func fuzz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    if first.isMultiple(of: 2) {
        readPacket(input.dropFirst())
    } else {
        var conversation = Conversation(input.dropFirst())
        conversation.run()
    }
}

private func readPacket(_ bytes: ArraySlice<UInt8>) {
    for isVouchedFor in [true, false] {
        guard
            let packet = try? UDPPacket(parsing: bytes, checksumIsVouchedFor: isVouchedFor)
        else { continue }
        claim(packet.payload.count <= bytes.count, "a payload larger than its packet")
        read(packet.payload[...])
    }
    // Without the headers too, where checksums would keep a fuzzer out.
    read(bytes)
    let names = DomainName.list(parsing: Array(bytes), atMost: 8)
    claim(names.count <= 8 && names.allSatisfy { DomainName.checked($0) == $0 }, "a bad name")
    if let packet = ARPPacket(parsing: bytes) {
        claim(packet.encoded[...] == bytes.prefix(28), "an ARP packet does not survive")
    }
    let parameters = NetworkParameters(parsing: String(decoding: bytes, as: UTF8.self))
    claim(parameters.nameServers.count <= 8, "too many name servers")
    claim(ClasslessRoutes.parse(Array(bytes), atMost: 64)?.count ?? 0 <= 64, "too many routes")
}

private func read(_ bytes: ArraySlice<UInt8>) {
    guard let message = try? DHCPMessage(parsing: bytes) else { return }
    claim(
        (try? DHCPMessage(parsing: message.encoded[...])) == message,
        "a message does not survive its own encoding")
    if let lease = try? Lease(parsing: message) { checkLease(lease) }
}

private func checkLease(_ lease: Lease) {
    claim(lease.address.isHost && lease.server.isHost, "an address that is none: \(lease)")
    claim(lease.routes.count <= 130, "\(lease.routes.count) routes")
    claim(lease.nameServers.count <= 8 && lease.timeServers.count <= 8, "too many servers")
    claim(lease.search.count <= 8, "too many search domains")
    let text = NetworkFiles.netConf(interface: "eth0", lease: lease, mtu: 1500, uptime: .zero)
    for line in (text ?? "").split(separator: "\n") {
        let parts = line.split(separator: "'", omittingEmptySubsequences: false)
        claim(parts.count == 3 && parts[2].isEmpty, "a line that could be shell: \(line)")
        claim(
            parts[1].utf8.allSatisfy { $0 >= 32 && $0 < 127 && !"`$\\\"".utf8.contains($0) },
            "a value that could be shell: \(line)")
    }
    for byte in NetworkFiles.resolvConf([lease]).utf8 {
        claim(byte == 10 || (32..<127).contains(byte), "a byte \(byte) in resolv.conf")
    }
}

/// One machine, and what the script lets happen to it. Checked after each event: what must hold at every moment.
private struct Conversation {
    private var script: Script
    private var machine: IPv4Machine
    private var random: SeededRandom
    private var now = Duration.seconds(1000)
    private var hasCarrier = false
    private var sent: [(at: Duration, message: DHCPMessage)] = []
    /// What the interface has, by the effects.
    private var configured: HeldLease?
    private var lastAnswer: [UInt8] = []
    private var lastARP = ARPPacket.probe(for: .unspecified, from: hardwareAddress)

    private static let hardwareAddress =
        HardwareAddress(bytes: [2, 0, 0, 0, 0, 1]) ?? .broadcast
    /// The options that davit reads.
    private static let codes: [UInt8] = [
        1, 3, 6, 12, 15, 26, 28, 42, 50, 51, 52, 53, 54, 55, 56, 58, 59, 61, 80, 108, 119, 121,
    ]

    init(_ bytes: ArraySlice<UInt8>) {
        var script = Script(bytes)
        random = SeededRandom(UInt64(script.byte()))
        self.script = script
        machine = IPv4Machine(
            .dhcp(DHCPMachine(.init(hardwareAddress: Self.hardwareAddress))),
            for: Self.hardwareAddress)
    }

    mutating func run() {
        for _ in 0..<400 where !script.isOver { step() }
        // Whatever happened before: it goes on by itself.
        if !hasCarrier { feed(.carrierUp) }
        for _ in 0..<40 { wait() }
    }

    private mutating func step() {
        switch script.byte() % 16 {
        case 0, 1: feed(.carrierUp)
        case 2: feed(.carrierDown)
        case 3, 4, 5: wait()
        case 6:
            now += .milliseconds(Int(script.byte()))
            feed(.timeReached)
        // The machine was suspended.
        case 7:
            now += .seconds(Int(script.uint16()))
            feed(.timeReached)
        case 8: contest()
        case 9: answer(good())
        case 10, 11, 12: answer(hostile())
        case 13: answer(script.bytes(Int(script.byte())))
        case 14: answer(lastAnswer)
        default:
            var bytes = lastAnswer
            let place = Int(script.uint16())
            if bytes.indices.contains(place) { bytes[place] ^= script.byte() }
            answer(bytes)
        }
    }

    /// Until the machine's deadline.
    private mutating func wait() {
        guard let deadline = machine.deadline else { return }
        now = max(now, deadline)
        feed(.timeReached)
        claim(machine.deadline.map { $0 > now } ?? true, "nothing happens at the deadline")
    }

    private mutating func answer(_ bytes: [UInt8]) {
        lastAnswer = bytes
        guard hasCarrier, let message = try? DHCPMessage(parsing: bytes[...]) else { return }
        feed(.received(message))
    }

    /// Somebody else speaks ARP: mostly about the address that this machine asks about or has.
    private mutating func contest() {
        let flags = script.byte()
        let other = HardwareAddress(bytes: [2, 0, 0, 0, 0, flags & 3]) ?? .none
        let address = flags & 4 == 0 ? lastARP.target : .init(rawValue: script.uint32())
        let sender = flags & 8 == 0 ? address : .unspecified
        if flags & 128 != 0 { return feed(.signOfLife) }
        feed(
            .heard(
                ARPPacket(flags & 16 == 0 ? .reply : .request, from: sender, at: other, to: address)
            ))
    }

    /// What a server in its right mind would answer.
    private mutating func good() -> [UInt8] {
        let asked = sent.last?.message
        var message = reply(asked?.kind == .discover ? .offer : .ack)
        message.options[51] = [0, 0, script.byte(), script.byte()]
        message.options[1] = [255, 255, 255, 0]
        message.options[54] = [192, 0, 2, 1]
        return message.encoded
    }

    private mutating func hostile() -> [UInt8] {
        let kinds: [DHCPMessage.Kind] = [.offer, .ack, .nak, .decline, .discover, .inform]
        var message = reply(kinds[Int(script.byte()) % kinds.count])
        let flags = script.byte()
        if flags & 1 != 0 { message.transaction ^= 1 }
        if flags & 2 != 0 { message.isReply = false }
        if flags & 4 != 0 { message.yourAddress = .init(rawValue: script.uint32()) }
        if flags & 8 != 0 { message.options[51] = [255, 255, 255, 255] }
        if flags & 16 == 0 { message.options[54] = [192, 0, 2, 1 + (flags >> 6)] }
        if flags & 32 == 0 { message.options[51] = script.bytes(4) }
        for _ in 0..<script.byte() % 8 {
            let selector = Int(script.byte())
            let code =
                selector < 200 ? Self.codes[selector % Self.codes.count] : UInt8(selector)
            guard code != 0, code != 255, code != 53 else { continue }
            message.options[code] = script.bytes(Int(script.byte()))
        }
        return message.encoded
    }

    private func reply(_ kind: DHCPMessage.Kind) -> DHCPMessage {
        var message = DHCPMessage(
            kind, transaction: sent.last?.message.transaction ?? 1, from: Self.hardwareAddress)
        message.isReply = true
        message.yourAddress = IPv4Address(192, 0, 2, 77)
        return message
    }

    private mutating func feed(_ event: IPv4Machine.Event) {
        if case .carrierUp = event { hasCarrier = true }
        if case .carrierDown = event { hasCarrier = false }
        for effect in machine.handle(event, at: now, using: &random) {
            if case .send(let message, _) = effect {
                claim(message.encoded.count <= 1472, "a message too long for the link")
                claim(hasCarrier, "sends without a carrier")
                sent.append((now, message))
            } else if case .sendARP(let packet) = effect {
                claim(hasCarrier, "sends without a carrier")
                claim(packet.senderHardware == Self.hardwareAddress, "speaks for another")
                lastARP = packet
            } else if case .configure(let held) = effect {
                checkLease(held.lease)
                configured = held
            } else if case .dropAddress = effect {
                configured = nil
            }
        }
        check()
    }

    private func check() {
        claim(configured == machine.held, "the interface has what the machine does not hold")
        if let end = configured?.endsAt {
            claim(end > now || machine.deadline.map { $0 <= now } == true, "a lease without end")
        }
        claim(
            configured == nil || machine.linkLocal == nil || !hasCarrier,
            "an address of its own choice beside a lease")
        let phases: [DHCPMachine.Phase?] = [.selecting, .requesting, .rebooting]
        if phases.contains(machine.phase) {
            let cap = Pace().promise
            claim(
                machine.nextTryAt.map { $0 <= now + cap } == true,
                "the next try is further away than \(cap)")
        }
        if hasCarrier, configured?.endsAt != nil || configured == nil {
            claim(machine.deadline != nil, "no deadline in \(machine.phase as Any)")
        }
        if sent.count > 28, let last = sent.last {
            claim(last.at - sent[sent.count - 29].at >= .seconds(60), "29 packets in a minute")
        }
    }
}
