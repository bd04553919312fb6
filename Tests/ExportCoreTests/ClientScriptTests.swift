import ExportCore
import Foundation
import Testing

struct ClientScriptTests {
    static func script(
        content: String = "bcachefs", secret: String? = "abcdefghjkmnpqrstuvwxyz2",
        targetSecret: String? = "23456789abcdefghjkmnpqrs", throughSSH: String? = nil,
        isReadOnly: Bool = false, device: String = "/dev/mapper/it's",
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
            }, isReadOnly: isReadOnly, secret: secret,
            targetSecret: secret == nil ? nil : targetSecret,
            throughSSH: throughSSH
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

    @Test(arguments: [
        "bcachefs", "btrfs", "ext4", "xfs", "f2fs", "jfs", "crypto_LUKS", "LVM2_member", "",
    ])
    func `a shell can read the script`(content: String) throws {
        for throughSSH in [nil, "root@server"] {
            let secrets: [(String?, String?)] = [(nil, nil), ("abc", nil), ("abc", "def")]
            for (secret, own) in secrets {
                let text = try Self.script(
                    content: content, secret: secret, targetSecret: own, throughSSH: throughSSH)
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

    @Test func `the secrets are given to no command`() throws {
        let lines = try Self.script().components(separatedBy: "\n")
        let holding = lines.filter {
            $0.contains("abcdefghjkmnpqrstuvwxyz2") || $0.contains("23456789abcdefghjkmnpqrs")
        }
        #expect(
            holding == [
                "node.session.auth.password = abcdefghjkmnpqrstuvwxyz2",
                "node.session.auth.password_in = 23456789abcdefghjkmnpqrs",
            ])
        #expect(
            try !Self.script(targetSecret: nil).contains("_in ="),
            "of a target that has no secret none is asked for")
    }

    /// Runs the script where `iscsiadm` logs in at each portal with the status given for it.
    /// - Returns: what it said, and the records that `iscsiadm` had at each login.
    private static func loggedIn(_ statuses: [Int]) throws -> (said: String, records: [String]) {
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("davit-script-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        let name = try ExportName("t")
        let text = ClientScript(
            name: name, target: IQN(export: name, host: "server"),
            portals: try statuses.indices.map { try Portal("192.0.2.\($0)") }, disks: [],
            isReadOnly: false, secret: "first", targetSecret: "second", throughSSH: nil
        ).text.replacingOccurrences(of: "/etc/iscsi", with: scratch.path)
            .replacingOccurrences(of: "/run/lock/iscsi", with: scratch.path)
        let logins = statuses.enumerated()
            .map { "*'-p 192.0.2.\($0):3260 -l') cat \"$record\" >>logins; return \($1) ;;" }
        let stubs = """
            cd '\(scratch.path)'
            id() { echo 0; }
            modprobe() { :; }
            udevadm() { :; }
            iscsiadm() {
                record="nodes/$target/here,1/default"
                case $* in
                *'-o new')
                    mkdir -p "${record%/*}"
                    printf '%s\\n' 'node.name = x' 'node.session.auth.authmethod = None' \\
                        'node.session.auth.username_in = other' '# END RECORD' >"$record"
                    ;;
                *'-o delete') rm -rf nodes ;;
                *'-m session') return 21 ;;
                \(logins.joined(separator: "\n"))
                esac
            }

            """
        let said = try Self.said(by: stubs + text)
        let logged = try String(
            contentsOf: scratch.appendingPathComponent("logins"), encoding: .utf8)
        return (said, logged.components(separatedBy: "node.name"))
    }

    @Test func `open-iscsi is told both secrets, in its own record`() throws {
        let (said, records) = try Self.loggedIn([0])
        #expect(said == "")
        #expect(
            records == [
                "",
                """
                 = x
                node.session.auth.authmethod = CHAP
                node.session.auth.username = davit
                node.session.auth.password = first
                node.session.auth.username_in = target
                node.session.auth.password_in = second
                # END RECORD

                """,
            ])
    }

    private static let brokenOff =
        " was broken off, as it is when one of the two hosts does not know the other's secret. The export was made "
        + "anew since this script was printed, or another host stands in for it. Print the script again, over SSH: "
        + "davit export client t."

    @Test(arguments: [
        (
            [8],
            "cannot log in to IQN at 192.0.2.0:3260. On the exporting host: davit export status."
        ),
        ([8, 0], ""), ([24, 0], ""),
        (
            [8, 24, 8],
            "the login to IQN at 192.0.2.1:3260\(brokenOff)"
        ), ([19], "the login to IQN at 192.0.2.0:3260\(brokenOff)"),
    ])
    func `who cannot prove itself is named, and the next one is tried`(
        statuses: [Int], words: String
    ) throws {
        let (said, records) = try Self.loggedIn(statuses)
        let target = IQN(export: try ExportName("t"), host: "server").description
        #expect(
            said
                == (words.isEmpty
                    ? "" : "script: \(words.replacingOccurrences(of: "IQN", with: target))\n"))
        #expect(records.count == statuses.count + 1)
    }

    /// What the script says once it is logged in, on a host where the disk with the serial `S` is `/dev/S`; `lacking`
    /// has not appeared.
    private static func shown(
        _ disks: [ClientScript.Disk], absent: [String] = [], isReadOnly: Bool = false,
        lacking: String = ""
    ) throws -> [String] {
        let name = try ExportName("t")
        let text = ClientScript(
            name: name, target: IQN(export: name, host: "server"),
            portals: [try Portal("192.0.2.5")], disks: disks, absent: absent,
            isReadOnly: isReadOnly, secret: nil, throughSSH: nil
        ).text
        let show = try #require(text.components(separatedBy: "\nmissing=\n").last)
        let script = """
            set -eu
            PATH=/nonexistent
            disk_of() { [ "$1" != "6001405\(lacking)" ] && echo "/dev/${1#6001405}"; }
            name_of() { echo "$1"; }
            fail() { echo "FAIL: $*"; exit 1; }
            main() {
            missing=
            \(show)
            """
        return try said(by: script).components(separatedBy: "\n")
    }

    /// What a script for sh prints, on both outputs.
    private static func said(by script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "script"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }

    private static func disk(
        _ lun: Int, _ serial: String, _ content: String, of uuid: String? = nil, member: Int = 0
    ) -> ClientScript.Disk {
        .init(
            lun: lun, serial: UnitSerial(serial), device: "/dev/sd\(lun)", content: content,
            fileSystem: uuid, member: member)
    }

    @Test func `the fsck line names the disks in member order`() throws {
        let members = [
            Self.disk(1, "b", "bcachefs", of: "u", member: 1),
            Self.disk(2, "c", "bcachefs", of: "u", member: 2),
            Self.disk(3, "a", "bcachefs", of: "u", member: 0),
        ]
        #expect(
            try Self.shown(members) == [
                "LUN 1  /dev/b  /dev/sd1 (bcachefs)", "LUN 2  /dev/c  /dev/sd2 (bcachefs)",
                "LUN 3  /dev/a  /dev/sd3 (bcachefs)", "To check the file system (bcachefs):",
                "  bcachefs fsck /dev/a:/dev/b:/dev/c", "",
            ])
        #expect(
            try Self.shown(members, isReadOnly: true)
                .contains("  bcachefs fsck -n /dev/a:/dev/b:/dev/c"))
    }

    @Test func `each file system has a line of its own`() throws {
        let said = try Self.shown([
            Self.disk(1, "a", "bcachefs"), Self.disk(2, "b", "btrfs", of: "u", member: 2),
            Self.disk(3, "c", "bcachefs"), Self.disk(4, "d", "btrfs", of: "u", member: 1),
            Self.disk(5, "e", "btrfs"), Self.disk(6, "f", "ext4"), Self.disk(7, "g", ""),
            Self.disk(8, "h", "LVM2_member", of: "v"), Self.disk(9, "i", "LVM2_member", of: "w"),
            Self.disk(10, "j", "linux_raid_member", of: "x"),
            Self.disk(11, "k", "linux_raid_member", of: "y"),
        ])
        #expect(
            said.dropFirst(11) == [
                "To check the file system (bcachefs):", "  bcachefs fsck /dev/a",
                "  bcachefs fsck /dev/c", "To check the file system (btrfs):",
                "  btrfs check --readonly /dev/d", "  btrfs check --readonly /dev/e",
                "To check the file system (ext4):", "  e2fsck -f /dev/f",
                "Nothing is recognised on these; look again with:", "  blkid /dev/g",
                "To get at what is on them (LVM2_member):", "  vgchange -ay",
                "To get at what is on them (linux_raid_member):",
                "  mdadm --assemble --readonly /dev/md/davit1 /dev/j",
                "  mdadm --assemble --readonly /dev/md/davit2 /dev/k", "",
            ])
    }

    @Test func `a disk that does not come holds up no other, and is named`() throws {
        let said = try Self.shown(
            [
                Self.disk(1, "a", "bcachefs", of: "u"), Self.disk(2, "b", "xfs"),
                Self.disk(3, "c", "bcachefs", of: "u", member: 1),
            ], absent: ["/dev/it's"], lacking: "c")
        #expect(
            said == [
                "LUN 1  /dev/a  /dev/sd1 (bcachefs)", "LUN 2  /dev/b  /dev/sd2 (xfs)",
                "LUN 3  has not appeared  /dev/sd3 (bcachefs)",
                "/dev/it's is not exported. On the exporting host: davit export status",
                "To check the file system (bcachefs):", "To check the file system (xfs):",
                "  xfs_repair /dev/b",
                "FAIL: not all disks have appeared within 30 s: LUN 3. 'dmesg' says more.", "",
            ])
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
