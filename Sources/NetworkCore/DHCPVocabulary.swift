import Addresses

/// What goes into the machine and what comes out of it.
extension DHCPMachine {
    package struct Configuration: Equatable, Sendable {
        package var hardwareAddress: HardwareAddress
        /// Option 61; by default type 1 and the hardware address, which gets the system's own address in an initramfs too.
        package var clientIdentifier: [UInt8]
        /// Option 12.
        package var hostName: String?
        package var pace = Pace()

        package init(hardwareAddress: HardwareAddress) {
            self.hardwareAddress = hardwareAddress
            clientIdentifier = [1] + hardwareAddress.bytes
        }
    }

    package enum Event: Equatable, Sendable {
        case carrierUp
        case carrierDown
        case received(DHCPMessage)
        case timeReached
        /// Nobody answered the probes for the address that a server has given.
        case addressFree
        /// Another machine on the link uses the address that this one was given.
        case addressInUse
        /// Somebody was heard on a link that had been silent: the server may be there again.
        case signOfLife
    }

    package enum Effect: Equatable, Sendable {
        case send(DHCPMessage, Way)
        /// The link is to be asked whether somebody has this lease's address; the answer is an event.
        case probe(HeldLease)
        /// The interface is to have this and nothing else of ours.
        case configure(HeldLease)
        /// The interface is to have nothing of ours.
        case dropAddress
        case note(Note)
    }

    /// How a message goes out.
    package enum Way: Equatable, Sendable {
        /// To everybody on the link, from this address.
        case broadcast(from: IPv4Address)
        /// To one server, through the routes of the machine.
        case unicast(from: IPv4Address, to: IPv4Address)
    }

    /// What a person may want to know.
    package enum Note: Equatable, Sendable {
        /// A message went out; `count` is its number since somebody answered last.
        case tried(DHCPMessage.Kind, count: Int, nextAt: Duration)
        case offered(Lease)
        case bound(HeldLease)
        case renewed(HeldLease)
        case refused(by: IPv4Address?, words: String?)
        case expired(IPv4Address)
        case declined(IPv4Address, nextAt: Duration)
        /// A server offers an address that may not be tried yet (`ConflictPace`).
        case postponed(IPv4Address, until: Duration)
        case ignored(Ignored)
    }

    /// Why an answer counted for nothing.
    package enum Ignored: Equatable, Sendable {
        case notAReply
        case forSomebodyElse
        case wrongTransaction
        case notExpected(DHCPMessage.Kind)
        case otherServer
        case otherAddress
        case disappointed
        case noLease(Lease.Refusal)
    }

    /// Where the machine stands, in the words of RFC 2131.
    package enum Phase: String, Sendable {
        case noCarrier = "no-carrier"
        case selecting, requesting, probing, rebooting, bound, renewing, rebinding, declined
    }
}
