import Addresses

/// One line of authorized_keys: a key and what it may do. Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
package struct AuthorizedKey: Sendable, Equatable {
    /// What the options before a key allow; the default is everything that this server offers.
    package struct Rights: Sendable, Equatable {
        /// `command=`: is run in place of whatever the person asks for.
        package var command: String?
        package var mayHaveTerminal = true
        package var mayForward = true
        /// `permitopen=`: the only places, `host:port`, to which connections may be forwarded; `nil` is no limit.
        package var forwardingTargets: [String]?
        /// `from=`.
        package var addresses: AddressList?
        /// `expiry-time=`.
        package var expiry: ExpiryTime?
        /// A security key must be touched for each login, unless `no-touch-required`.
        package var needsTouch = true
        /// `verify-required`: and it must know by whom.
        package var needsVerification = false

        /// Everything that this server offers.
        package init() {}
    }

    /// The key's algorithm, such as `ssh-ed25519`.
    package let type: String
    /// The key in SSH's wire form.
    package let blob: [UInt8]
    package let comment: String
    package let rights: Rights

    /// Why the signature of a security key does not do, or `nil` when it does.
    package func refusal(touched: Bool, verified: Bool) -> String? {
        if rights.needsTouch, !touched { return "its security key was not touched" }
        if rights.needsVerification, !verified {
            return "its security key did not verify who touched it (verify-required)"
        }
        return nil
    }

    /// 1 January 2026: a clock that shows less was never set, as on machines whose battery is empty.
    static let earliestNow: Int64 = 1_767_225_600

    /// Why a key may not be used now, or `nil` when it may.
    /// - Parameter wall: time since 1970 as far as the machine knows.
    package func refusal(from address: IPAddress, at wall: Duration) -> String? {
        if let addresses = rights.addresses, !addresses.permits(address) {
            return "its from= does not list \(address)"
        }
        if let expiry = rights.expiry {
            let now = wall.components.seconds
            if now >= expiry.seconds {
                return "its expiry-time= has passed by this machine's clock"
            }
            if now < Self.earliestNow {
                return "its expiry-time= cannot be checked: this machine's clock is not set"
            }
        }
        return nil
    }
}
