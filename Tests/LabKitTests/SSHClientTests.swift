import Testing

@testable import LabKit

struct SSHClientTests {
    @Test("A connection that never was is told from one that ended.")
    func connections() {
        for errors in [
            "ssh: connect to host 10.77.0.50 port 22: Connection refused",
            "ssh: connect to host 10.77.0.50 port 22: Connection timed out",
            "Connection timed out during banner exchange\nConnection to 10.77.0.50 port 22 timed out",
            "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.77.0.50 port 22",
            "Connection closed by 10.77.0.50 port 22",
        ] { #expect(SSHClient.hadNoConnection(errors), "\(errors)") }
        for errors in [
            "Connection to 10.77.0.50 closed by remote host.",
            "root@10.77.0.50: Permission denied.",
            "Timeout, server 10.77.0.50 not responding.", "",
        ] { #expect(!SSHClient.hadNoConnection(errors), "\(errors)") }
    }
}
