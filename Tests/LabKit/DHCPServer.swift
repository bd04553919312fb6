/// dnsmasq inside a lab, started and stopped as a story wants it.
package final class DHCPServer: Sendable {
    private let server: Child
    /// When it said that it answers.
    package let readyAt: ContinuousClock.Instant

    init(
        enclosure: Enclosure, interface: String, range: ClosedRange<Int>, leaseSeconds: Int
    ) async throws {
        try Tools.require(["dnsmasq"])
        let scratch = enclosure.scratch
        server = try enclosure.start([
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping",
            "--no-resolv", "--no-hosts", "--user=root", "--interface=\(interface)",
            "--bind-interfaces", "--log-facility=-", "--log-dhcp",
            "--dhcp-leasefile=\(scratch)/leases", "--pid-file=\(scratch)/dnsmasq.pid",
            "--dhcp-option=3,\(Lab.hostAddress)",
            "--dhcp-range=\(Lab.prefix).\(range.lowerBound),\(Lab.prefix).\(range.upperBound),"
                + "255.255.255.0,\(leaseSeconds)",
        ])
        do {
            readyAt = try await server.errors.expect("DHCP, IP range", within: .seconds(180)).time
        } catch {
            await server.kill()
            throw error
        }
    }

    package var log: Transcript { server.errors }

    package func stop() async { await server.kill() }
}
