/// A lease and the moment from which its times count.
package struct HeldLease: Equatable, Sendable {
    package let lease: Lease
    /// When the request was sent that was acknowledged (RFC 2131 §4.4.1), as time since boot.
    package let obtainedAt: Duration
    private let renewalFuzz: Duration

    /// - Parameter renewalFuzz: how much earlier than T1 to renew, so that machines that booted together do not stay together.
    package init(_ lease: Lease, obtainedAt: Duration, renewalFuzz: Duration = .zero) {
        self.lease = lease
        self.obtainedAt = obtainedAt
        self.renewalFuzz = renewalFuzz
    }

    package var endsAt: Duration? { lease.duration.map { obtainedAt + $0 } }
    package var rebindAt: Duration? { lease.rebindAfter.map { obtainedAt + $0 } }
    package var renewAt: Duration? {
        lease.renewAfter.map { obtainedAt + max(.zero, $0 - renewalFuzz) }
    }

    package func hasEnded(at now: Duration) -> Bool {
        endsAt.map { $0 <= now } ?? false
    }
}
