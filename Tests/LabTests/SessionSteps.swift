import Foundation
import LabKit
import Testing

/// What somebody does over SSH in an initramfs besides unlocking: steps of a story.

/// OpenSSH's scp and sftp carry a file there and back; an upload that is cut goes on where it was.
func expectTransfers(_ rescue: Rescue, at host: String) async throws {
    let scratch = rescue.lab.enclosure.scratch
    func transfer(_ program: String, _ words: [String]) async throws -> Child.Result {
        let client = try rescue.ssh.startTransfer(program, words)
        client.closeInput()
        return try await client.result(within: .seconds(240))
    }
    func batch(_ lines: String...) throws -> [String] {
        let path = "\(scratch)/batch"
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        return ["-b", path]
    }
    func sum(_ name: String) async throws -> Substring? {
        try await rescue.lab.enclosure.run(["sha256sum", "\(scratch)/\(name)"]).text
            .split(separator: " ").first
    }
    try await rescue.lab.enclosure.run([
        "sh", "-euc", "head -c 16777216 /dev/urandom >$0/upload; chmod 640 $0/upload", scratch,
    ])
    let whole = try await sum("upload")

    try await transfer("scp", ["-p", "\(scratch)/upload", "root@\(host):/run/by-scp"]).checked()
    try await transfer("scp", ["-p", "root@\(host):/run/by-scp", "\(scratch)/by-scp"]).checked()
    #expect(try await sum("by-scp") == whole)
    let there = try await rescue.guest.shell.run("ls -l /run/by-scp; rm /run/by-scp")
    #expect(there.text.hasPrefix("-rw-r-----"), "\(there.text)")
    // The same by the protocol of its own that clients before OpenSSH 9.0 speak.
    try await transfer("scp", ["-O", "\(scratch)/upload", "root@\(host):/run/by-old"]).checked()
    try await transfer("scp", ["-O", "root@\(host):/run/by-old", "\(scratch)/by-old"]).checked()
    #expect(try await sum("by-old") == whole)
    _ = try await rescue.guest.shell.run("rm /run/by-old")

    // So slow that it is cut long before its end.
    let cut = try rescue.ssh.startTransfer(
        "sftp", ["-l", "400"] + batch("put \(scratch)/upload /run/by-sftp") + ["root@\(host)"])
    _ = try await rescue.guest.shell.run(
        "until [ $(wc -c </run/by-sftp || echo 0) -gt 100000 ]; do sleep 0.2; done",
        within: .seconds(240))
    await cut.kill()
    try await rescue.guest.sessionsEnded()
    let half = try await rescue.guest.shell.run("wc -c </run/by-sftp")
    let size = Int(half.text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
    #expect(size > 100_000 && size < 16_777_216, "\(half.text)")
    rescue.lab.timeline.note("ssh", "upload cut at \(size) bytes")
    let lines = try batch(
        "reput \(scratch)/upload /run/by-sftp", "get /run/by-sftp \(scratch)/by-sftp",
        "rm /run/by-sftp")
    try await transfer("sftp", lines + ["root@\(host)"]).checked()
    #expect(try await sum("by-sftp") == whole)
}

/// Begins a `davit shell` in which something runs.
func beginShell(_ rescue: Rescue, at host: String) async throws -> Child {
    let client = try rescue.ssh.start(host: host, terminal: true, ["shell"])
    let begun = try await client.output.expect("Shell 1.", within: .seconds(240))
    client.write("export WHO=lab-shell; echo begun-$((40 + 2)); davit log --follow\n")
    try await client.output.expect("begun-42", after: begun, within: .seconds(240))
    return client
}

/// Begins a `davit shell` whose connection is lost, finds it again, and leaves it: it ends with the initramfs.
func leaveShell(_ rescue: Rescue, at host: String) async throws {
    let first = try await beginShell(rescue, at: host)
    // A laptop that is closed: nobody says goodbye.
    try rescue.guest.setCable(connected: false)
    await first.kill()
    try rescue.guest.setCable(connected: true)
    _ = try await rescue.status(at: host)
    _ = try await rescue.guest.shell.run(
        "until davit status | grep 'runs: davit.*davit shell 1'; do sleep 0.2; done",
        within: .seconds(240))

    let second = try rescue.ssh.start(host: host, terminal: true, ["shell"])
    let again = try await second.output.expect("begun-42", within: .seconds(240))
    // Ctrl-C is the shell's, and what was set before is still so.
    second.write("\u{3}")
    second.write("echo still-$WHO-$((40 + 2)); davit log --follow\n")
    try await second.output.expect("still-lab-shell-42", after: again, within: .seconds(240))
    await second.kill()
    try await rescue.guest.sessionsEnded()
    let status = try await rescue.ssh.run(host: host, ["status"], within: .seconds(240)).checked()
    #expect(status.text.contains("runs: davit; to go on with it: davit shell 1"), "\(status.text)")
}

/// Nothing that ran in a shell of the initramfs, nor what kept it, is left in the system.
func expectNoShell(_ rescue: Rescue) async throws {
    let left = try await rescue.guest.shell.run(
        "grep -ls WHO=lab-shell /proc/[0-9]*/environ; ls /run/davit/shell")
    #expect(!left.text.contains("/proc/") && !left.text.contains("json"), "\(left.text)")
}
