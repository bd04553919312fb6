import Foundation
import JSONKit
import LinuxKit
import Testing

/// What ssh-audit (PyPI) thinks of the algorithms.
@Suite(
    .enabled(
        if: Audit.program != nil,
        "needs ssh-audit from PyPI, which scripts/test installs where it can"))
struct AuditTests {
    /// The one warning that stays: without this exchange no client before OpenSSH 9.0 (2022), nor dropbear's before
    /// 2024.84, could log in at all.
    private static let accepted = [
        "curve25519-sha256", "curve25519-sha256@libssh.org",
    ].map { "\($0): does not provide protection against post-quantum attacks" }

    @Test func findsNoFailureAndNoWarningThatCanBeAvoided() throws {
        let server = try TestServer()
        let program = try #require(Audit.program)
        let result = try server.run(
            program, ["--json", "--skip-rate-test", "-p", "\(server.port)", "127.0.0.1"])
        let report = try JSON(parsing: result.output)
        var algorithms = 0
        for kind in ["kex", "key", "enc", "mac"] {
            for entry in report[kind]?.array ?? [] {
                algorithms += 1
                let name = entry["algorithm"]?.string ?? "?"
                let failures = (entry["notes"]?["fail"]?.array ?? []).compactMap(\.string)
                let warnings = (entry["notes"]?["warn"]?.array ?? []).compactMap(\.string)
                #expect(failures.isEmpty, "\(name): \(failures)")
                for warning in warnings { #expect(Self.accepted.contains("\(name): \(warning)")) }
            }
        }
        // It saw the server at all.
        #expect(algorithms >= 10, "\(result.output) \(result.errors)")
        let known = report["cves"]?.array ?? []
        #expect(known.isEmpty)
    }
}

enum Audit {
    static var program: String? {
        let path = ProcessInfo.processInfo.environment["DAVIT_SSH_AUDIT"] ?? ""
        return access(path, X_OK) == 0 ? path : nil
    }
}
