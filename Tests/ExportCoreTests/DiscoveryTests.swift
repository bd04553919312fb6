import ExportCore
import Testing

struct DiscoveryTests {
    /// What is written to the setting of discovery that the whole machine shares, in order.
    private static func steps(authenticates: Bool, guards: Bool) throws -> [String] {
        var wanted = try PlanTests.wanted(authenticates: authenticates)
        wanted.guardsDiscovery = guards
        return ApplyPlan.everything(wanted).map(\.step.description)
            .filter { $0.contains("discovery_auth") }
    }

    @Test func `who does not know the secret is told no names`() throws {
        let steps = try Self.steps(authenticates: true, guards: true)
        #expect(steps.first == "echo davit > iscsi/discovery_auth/userid")
        #expect(steps.contains("echo (the secret) > iscsi/discovery_auth/password"))
        #expect(steps.last == "echo 1 > iscsi/discovery_auth/enforce_discovery_auth")
    }

    @Test func `without a secret, or where somebody else has targets, discovery stays as it is`()
        throws
    {
        #expect(try Self.steps(authenticates: false, guards: true) == [])
        #expect(try Self.steps(authenticates: true, guards: false) == [])
    }
}
