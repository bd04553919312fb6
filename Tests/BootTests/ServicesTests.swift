import Foundation
import LinuxKit
import Testing

@testable import Boot

@Suite struct ServicesTests {
    let directory = NSTemporaryDirectory() + "davit-services-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
    }

    private func write(_ text: String, mode: mode_t) throws {
        try Files.replace(directory + "/davit.conf", with: text)
        chmod(directory + "/davit.conf", mode)
    }

    private var sshd: [String] {
        Services.configured(in: directory).first { $0.name == "sshd" }?.arguments ?? []
    }

    @Test func theFileIsUsedWhenNobodyElseMayWriteIt() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(Services.complaints(in: directory).isEmpty, "there is none")
        #expect(!sshd.contains("--passphrase-login"))
        try write("passphrase-login = yes\n", mode: 0o644)
        #expect(Services.complaints(in: directory).isEmpty)
        #expect(sshd.contains("--passphrase-login"))
    }

    @Test(arguments: [0o664, 0o646, 0o666])
    func aFileThatOthersMayWriteIsRefusedByNameAndTheDefaultsHold(mode: Int) throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("passphrase-login = yes\n", mode: mode_t(mode))
        let path = directory + "/davit.conf"
        #expect(
            Services.complaints(in: directory) == [
                "\(path) is writable by others (mode 0\(String(mode, radix: 8))): chmod 600 \(path). Until then none of its lines holds."
            ])
        #expect(!sshd.contains("--passphrase-login"))
    }

    @Test func aDirectoryThatOthersMayWriteIsRefused() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("passphrase-login = yes\n", mode: 0o600)
        chmod(directory, 0o777)
        #expect(
            Services.complaints(in: directory).first?.hasPrefix(directory + " is writable") == true)
        #expect(!sshd.contains("--passphrase-login"))
    }
}
