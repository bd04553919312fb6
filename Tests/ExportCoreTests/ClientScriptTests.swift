import ExportCore
import Foundation
import Testing

struct ClientScriptTests {
    static func script(
        content: String = "bcachefs", secret: String? = "abcdefghjkmnpqrstuvwxyz2",
        throughSSH: String? = nil, isReadOnly: Bool = false, device: String = "/dev/mapper/it's",
        portals: [String] = ["192.0.2.5"]
    ) throws -> String {
        let name = try ExportName("t")
        return ClientScript(
            name: name, target: IQN(export: name, host: "server"),
            portals: try portals.map { try Portal($0) },
            disks: [1, 2].map {
                .init(
                    lun: $0, serial: UnitSerial(DiskIdentity("wwid \($0)").serial), device: device,
                    content: content)
            }, isReadOnly: isReadOnly, secret: secret, throughSSH: throughSSH
        ).text
    }

    /// What a shell says of a script that it only reads.
    static func complaint(_ text: String, shell: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: shell)
        process.arguments = ["-n"]
        let input = Pipe()
        let errors = Pipe()
        process.standardInput = input
        process.standardError = errors
        try process.run()
        input.fileHandleForWriting.write(Data(text.utf8))
        try input.fileHandleForWriting.close()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }

    @Test(arguments: ["bcachefs", "btrfs", "ext4", "xfs", "f2fs", "crypto_LUKS", "LVM2_member", ""])
    func `a shell can read the script`(content: String) throws {
        for throughSSH in [nil, "root@server"] {
            for secret in [nil, "abcdefghjkmnpqrstuvwxyz2"] {
                let text = try Self.script(
                    content: content, secret: secret, throughSSH: throughSSH)
                #expect(try Self.complaint(text, shell: "/bin/sh") == "")
                #expect(text.contains("  davit repair\""))
            }
        }
    }

    @Test func `half a script does nothing`() throws {
        let lines = try Self.script().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.suffix(2) == ["main \"$@\"", ""])
        let beforeMain = lines.prefix { $0 != "main() {" }
        #expect(
            beforeMain.allSatisfy {
                $0.hasPrefix("#") || !$0.utf8.contains(UInt8(ascii: " ")) || $0.hasPrefix("set -eu")
                    || $0.hasPrefix("umask") || $0.hasPrefix("naas=")
            })
    }

    @Test func `the secret is given to no command`() throws {
        let lines = try Self.script().split(separator: "\n")
        let holding = lines.filter { $0.hasSuffix("abcdefghjkmnpqrstuvwxyz2") }
        #expect(holding == ["node.session.auth.password = abcdefghjkmnpqrstuvwxyz2"])
    }

    @Test func `the fsck line names the disks in member order`() throws {
        #expect(try Self.script().contains("bcachefs fsck $joined"))
        #expect(try Self.script(isReadOnly: true).contains("bcachefs fsck -n $joined"))
        #expect(try Self.script(content: "ext4").contains("e2fsck -f"))
    }

    @Test func `through ssh it connects to the forwarded port`() throws {
        let text = try Self.script(throughSSH: "root@server", portals: ["[::1]:3260"])
        #expect(text.contains("portals='127.0.0.1:3260'"))
        #expect(text.contains("-L 127.0.0.1:3260:[::1]:3260"))
    }

    @Test func `of several portals each is tried, and none for long`() throws {
        let text = try Self.script(portals: ["192.0.2.5", "[2001:db8::5]:3261"])
        #expect(text.contains("portals='192.0.2.5:3260 [2001:db8::5]:3261'"))
        #expect(text.contains("initial_login_retry_max 1"))
        #expect(try !Self.script().contains("initial_login_retry_max"))
        #expect(try Self.complaint(text, shell: "/bin/sh") == "")
    }
}
