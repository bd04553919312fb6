import Foundation
import LabKit
import Testing

/// A repair that somebody starts over SSH in a real initramfs, and that outlives their sessions.
struct RepairSessionStory {
    /// A small FAT that was not closed in order, and with a chain of clusters that belongs to no file.
    private func damaged(in lab: Lab) async throws -> [UInt8] {
        let image = "\(lab.enclosure.scratch)/vfat"
        try await lab.enclosure.run(["mkfs.vfat", "-C", image, "2048"])
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: image)))
        let reserved = Int(bytes[14]) * 512
        let length = Int(bytes[22]) * 512
        // FAT12: the entries 8 and 9 are three bytes, here 9 and the end of a chain.
        for table in [reserved, reserved + length] {
            bytes.replaceSubrange((table + 12)..<(table + 15), with: [0x09, 0xF0, 0xFF])
        }
        bytes[37] = 1
        return bytes
    }

    @Test(
        "A checker that davit.conf has baked in repairs; both sessions that look are cut, the run ends well."
    )
    func cutTwice() async throws {
        var plan = GuestImage.Plan()
        plan.settings = "checkers = fsck.vfat no-such-checker"
        let image = try await GuestImage.prepared(plan)
        try await Lab.with("Repair over SSH") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            let host = try await rescue.address(within: .seconds(180)).address
            _ = try await rescue.status(at: host, within: .seconds(240))
            func run(_ words: String, input: [UInt8] = []) async throws -> Child.Result {
                try await rescue.ssh.run(host: host, [words], input: input, within: .seconds(240))
            }
            try await run("cat >/run/vfat", input: damaged(in: lab)).checked()

            // The real checker, with its libraries, in Debian's initramfs.
            let look = try await run("repair /run/vfat").checked()
            #expect(look.text.contains("vfat") && look.text.contains("not closed in order"))
            #expect(!look.text.contains("not here:"), "\(look.text)")
            let check = try await run("repair --check /run/vfat")
            #expect(check.status == .exited(4), "\(check.text)\(check.errors)")

            // The same, held up in two places until the test lets it go on.
            let slow = """
                #!/bin/sh
                echo "Boot sector contents:"
                until [ -e /run/first ]; do sleep 0.2; done
                echo "Starting check/repair pass."
                until [ -e /run/second ]; do sleep 0.2; done
                PATH=/usr/sbin:/usr/bin:/sbin:/bin
                exec fsck.vfat "$@"
                """
            try await run(
                "cat >/root/slow; chmod 0755 /root/slow; cp -p /root/slow /run/slow",
                input: Array((slow + "\n").utf8)
            ).checked()
            // Debian mounts /run so that nothing can be started from there.
            let refused = try await run("repair --run --yes --checker /run/slow /run/vfat")
            #expect(refused.status == .exited(1) && refused.errors.contains("(noexec)"))

            // The first session: its network goes away, and the client with it.
            let first = try rescue.ssh.start(
                host: host, terminal: true,
                ["repair --run --yes --checker /root/slow /run/vfat"])
            try await first.output.expect("boot sector", within: .seconds(240))
            try rescue.guest.setCable(connected: false)
            await first.kill()
            try rescue.guest.setCable(connected: true)
            _ = try await rescue.status(at: host, within: .seconds(240))

            // The second only watches, until it is killed.
            let second = try rescue.ssh.start(host: host, terminal: true, ["repair watch"])
            let seen = try await second.output.expect("boot sector", within: .seconds(240))
            try await run("touch /run/first").checked()
            try await second.output.expect("files and clusters", after: seen, within: .seconds(240))
            await second.kill()
            lab.timeline.note("ssh", "both sessions are gone")

            try await run("touch /run/second").checked()
            let last = try await run("repair watch")
            #expect(last.status == .exited(1), "\(last.text)\(last.errors)")
            #expect(last.text.contains("errors were corrected"), "\(last.text)")
            let written = try await run("cat /run/davit/repair/2/record.json").checked().output
            let record = try #require(
                try JSONSerialization.jsonObject(with: Data(written)) as? [String: Any])
            #expect(record["state"] as? String == "ended")
            #expect(
                (record["before"] as? [String: Any])?["state"] as? String == "not closed in order")
            #expect((record["after"] as? [String: Any])?["state"] as? String == "clean")
            #expect((record["exit"] as? [String: Any])?["bits"] as? Int == 1)
            let transcript = try await run("cat /run/davit/repair/2/transcript").checked().text
            #expect(transcript.hasPrefix("Boot sector contents:\nStarting check/repair pass.\n"))
            #expect(transcript.contains("files, "), "\(transcript)")
            let clean = try await run("repair --check /run/vfat")
            #expect(clean.status == .exited(0), "\(clean.text)")
        }
    }
}
