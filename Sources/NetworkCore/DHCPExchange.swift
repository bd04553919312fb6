/// One transaction: its messages so far and when the next is due.
struct DHCPExchange: Sendable {
    let transaction: UInt32
    let startedAt: Duration
    var sent = 0
    var lastSentAt: Duration
    var nextAt: Duration
    /// Whether servers are asked to answer to everybody, which holds for the ACK as for the OFFER. Source: RFC 2131 §4.1.
    var wantsBroadcast = false
    /// When the last DISCOVER went out, whose seconds the REQUEST repeats. Source: RFC 2131 §3.1, step 3.
    var discoveredAt: Duration?

    init(at now: Duration, using random: inout some RandomNumberGenerator) {
        transaction = UInt32.random(in: 1...UInt32.max, using: &random)
        startedAt = now
        lastSentAt = now
        nextAt = now
    }

    /// A message with everything that all messages of its kind carry. Source: RFC 2131, table 5.
    func message(
        _ kind: DHCPMessage.Kind, _ configuration: DHCPMachine.Configuration, at now: Duration
    ) -> DHCPMessage {
        var message = DHCPMessage(
            kind, transaction: transaction, from: configuration.hardwareAddress)
        message.seconds = UInt16(
            clamping: ((discoveredAt ?? now) - startedAt).components.seconds)
        message.wantsBroadcast = wantsBroadcast
        message.options[DHCPOptionCode.clientIdentifier] = configuration.clientIdentifier
        guard kind != .decline else { return message }
        message.options[DHCPOptionCode.parameterRequestList] = DHCPOptionCode.requested
        message.options[DHCPOptionCode.maximumMessageSize] = [0x05, 0xC0]
        message.options[DHCPOptionCode.hostName] = configuration.hostName.map { Array($0.utf8) }
        return message
    }

    /// Why a message is no answer within this exchange; `nil` when it is one.
    func objection(
        to message: DHCPMessage, for configuration: DHCPMachine.Configuration
    ) -> DHCPMachine.Ignored? {
        if !message.isReply { return .notAReply }
        if message.hardwareAddress != configuration.hardwareAddress { return .forSomebodyElse }
        if message.transaction != transaction { return .wrongTransaction }
        return nil
    }
}
