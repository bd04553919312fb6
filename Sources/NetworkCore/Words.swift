extension DHCPMachine.Ignored: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAReply: "a request of another machine"
        case .forSomebodyElse: "an answer to another machine"
        case .wrongTransaction: "an answer to an older question"
        case .notExpected(let kind): "an unasked \(kind.word)"
        case .otherServer: "an answer of a server that was not asked"
        case .otherAddress: "an acknowledgement of an address that was not asked for"
        case .disappointed: "an offer of a server that did not keep its last one"
        case .noLease(let refusal): "an answer \(refusal)"
        }
    }
}

extension Lease.Refusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noAddress: "without a usable address"
        case .noServer: "that does not name its server"
        case .noLeaseTime: "without a lease time"
        case .zeroLeaseTime: "with a lease of no duration"
        }
    }
}

extension DHCPMessage.Kind {
    /// As the RFC writes it: `DISCOVER`.
    package var word: String {
        switch self {
        case .discover: "DISCOVER"
        case .offer: "OFFER"
        case .request: "REQUEST"
        case .decline: "DECLINE"
        case .ack: "ACK"
        case .nak: "NAK"
        case .release: "RELEASE"
        case .inform: "INFORM"
        }
    }
}
