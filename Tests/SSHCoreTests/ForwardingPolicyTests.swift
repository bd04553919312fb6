import Addresses
import SSHCore
import Testing

/// Where a connection may be forwarded, for each combination of server, key and wish.
@Suite struct ForwardingPolicyTests {
    private static func rights(
        mayForward: Bool = true, targets: [String]? = nil
    ) -> AuthorizedKey.Rights {
        var rights = AuthorizedKey.Rights()
        rights.mayForward = mayForward
        rights.forwardingTargets = targets
        return rights
    }

    @Test(
        arguments: [
            ("localhost", 3260, "127.0.0.1"), ("LocalHost", 3260, "127.0.0.1"),
            ("127.0.0.1", 3260, "127.0.0.1"), ("127.9.9.9", 3260, "127.9.9.9"),
            ("::1", 3260, "::1"), ("localhost", 8080, "127.0.0.1"),
            // Another port, another machine, a name.
            ("localhost", 22, nil), ("localhost", 0, nil), ("192.0.2.1", 3260, nil),
            ("0.0.0.0", 3260, nil), ("::", 3260, nil), ("::2", 3260, nil),
            ("::ffff:127.0.0.1", 3260, "127.0.0.1"), ("localhost.example", 3260, nil),
            ("localhost ", 3260, nil), ("127.1", 3260, nil), ("2130706433", 3260, nil),
            ("", 3260, nil),
        ] as [(String, UInt16, String?)])
    func reachesAllowedPortsOfTheLoopbackOnly(host: String, port: UInt16, expected: String?) {
        let policy = ForwardingPolicy(ports: [3260, 8080])
        #expect(policy.address(for: host, port, Self.rights())?.description == expected)
        #expect(policy.address(for: host, port, Self.rights(mayForward: false)) == nil)
        #expect(ForwardingPolicy(ports: []).address(for: host, port, Self.rights()) == nil)
    }

    /// permitopen= means what the client says, not where that leads.
    @Test(
        arguments: [
            (["localhost:3260"], "localhost", true), (["localhost:3260"], "127.0.0.1", false),
            (["127.0.0.1:3260"], "127.0.0.1", true), (["localhost:*"], "localhost", true),
            (["localhost:22"], "localhost", false), (["[::1]:3260"], "::1", true),
            (["192.0.2.1:3260", "localhost:3260"], "localhost", true),
            (["192.0.2.1:3260"], "192.0.2.1", false), (["localhost"], "localhost", false),
            ([":3260"], "localhost", false), (["*:3260"], "localhost", false),
            ([], "localhost", false),
        ])
    func permitopenNarrowsIt(targets: [String], host: String, isAllowed: Bool) {
        let address = ForwardingPolicy().address(for: host, 3260, Self.rights(targets: targets))
        #expect((address != nil) == isAllowed)
    }
}

extension ForwardingPolicy {
    fileprivate func address(
        for host: String, _ port: UInt16, _ rights: AuthorizedKey.Rights
    ) -> IPAddress? {
        guard case .allowed(let address) = answer(for: host, port, rights) else { return nil }
        return address
    }
}
