import Foundation

/// The story that davit is made for, from the power cut to the reset.
///
/// A server's three encrypted disks hold a bcachefs that was not closed in order, and its kernel, Linux 6.1, has no
/// bcachefs. But for `ssh root@…` and `status` nobody types what the command before did not print.
package struct WholeStory: Sendable {
    /// Seconds from the machine's first try until its DHCP server is back.
    package var delay = 120
    private let say: @Sendable (String) -> Void

    private static let disks = ["bch0", "bch1", "bch2"]

    /// - Parameter say: gets each step, and what is typed and answered.
    package init(say: @escaping @Sendable (String) -> Void) { self.say = say }

    /// Tells it in a lab of its own.
    /// - Throws: `.unexpected` where somebody is not told what he needs; `.timedOut`; `.failed`.
    package func tell() async throws {
        var plan = GuestImage.Plan()
        plan.members = Self.disks.indices.map {
            "\(repository)/Tests/Fixtures/images/bcachefs-1.13-unclean-\($0).img.xz"
        }
        let image = try await GuestImage.prepared(plan) { say($0) }
        try await Lab.with("The whole story") { lab in
            let rescue = try await cutPower(image, lab)
            try await waitForRouter(rescue)
            let server = try await rescue.address(within: .seconds(240)).address
            _ = try await rescue.status(at: server)
            try await unlock(rescue, server)
            let commands = try await export(rescue.ssh, server)
            let newer = try await NewerHost.powerOn(image, in: lab, within: .seconds(300))
            do {
                try await repair(commands, rescue.guest, newer)
                try await leave(rescue, server)
            } catch {
                lab.timeline.note("lab", "the newer host's console:\n\(newer.console.tail(30))")
                throw error
            }
            await newer.powerOff()
            say("\nWhat happened when:\n\(lab.timeline.report)")
        }
    }

    // MARK: The server

    private func cutPower(_ image: GuestImage, _ lab: Lab) async throws -> Rescue {
        var options = Guest.Options()
        // With any value of panic= Debian's initramfs would halt instead of giving a shell.
        options.kernelParameters = ["panic="]
        let before = try await Rescue.powerOn(image, in: lab, options)
        try await before.guest.console.expect("unlock disk bch0", within: .seconds(240))
        await before.guest.powerOff()
        lab.timeline.note("lab", "the power is cut")
        say("The power is cut. It comes back, and the router does not.")
        return try await Rescue.powerOn(image, in: lab, options, disks: before.guest.disks)
    }

    private func waitForRouter(_ rescue: Rescue) async throws {
        try await rescue.guest.shell.ready(.initrd, within: .seconds(240))
        try await rescue.asked(1, within: .seconds(240))
        let back = ContinuousClock.now + .seconds(delay)
        try await rescue.asked(3, within: .seconds(240))
        let status = try await rescue.guest.shell.run("davit status", within: .seconds(240)).text
        say("davit status, on the machine itself\n\(indented(status))")
        try expect(
            status.firstMatch(of: /eth0: .*; tries: \d+; next (in|now)/) != nil,
            "the tries: \(status)")
        try await Task.sleep(until: back)
        _ = try await rescue.lab.startDHCP(leaseSeconds: 7200)
        say("The router is back after \(delay) s.")
    }

    private func unlock(_ rescue: Rescue, _ server: String) async throws {
        say("$ ssh root@\(server), and the passphrase, once")
        let session = try await rescue.session(at: server, question: "Passphrase for bch")
        session.type(GuestImage.passphrase + "\n")
        let said = session.client.output
        for disk in Self.disks {
            try await said.expect("\(disk): open", after: session.prompt, within: .seconds(240))
        }
        rescue.lab.timeline.note("ssh", "three disks are open")
        // The person is told where he is that the boot cannot go on, and why.
        try await said.expect("holds bcachefs", after: session.prompt, within: .seconds(300))
        try await said.expect("davit export --filesystem ", within: .seconds(240))
        say(indented(said.text(from: session.prompt, to: said.end)))
        await session.drop()
    }

    /// - Returns: what is to be typed on the newer host, in order.
    private func export(_ ssh: SSHClient, _ server: String) async throws -> [String] {
        let status = try await typed("status", ssh, server)
        try expect(status.contains("stopped in a rescue shell"), status)
        try expect(status.contains("bcachefs, for which this kernel (6.1"), status)
        let command = try printed("davit export --filesystem ", in: status)
        let exported = try await typed(command, ssh, server, within: .seconds(240))
        for lun in 1...3 { try expect(exported.contains("LUN \(lun) "), exported) }
        let parts = exported.components(separatedBy: "\nOn the newer host:\n")
        let commands = (parts.count == 2 ? parts[1] : "").split(separator: "\n")
            .filter { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
        try expect(commands.count == 4, exported)
        return commands
    }

    private func leave(_ rescue: Rescue, _ server: String) async throws {
        let status = try await typed("status", rescue.ssh, server)
        try expect(!status.contains("Export"), status)
        try expect(status.contains("'davit reboot' resets"), status)
        let reset = try await typed("davit reboot", rescue.ssh, server, within: .seconds(240))
        for disk in Self.disks { try expect(reset.contains("Closed \(disk)."), reset) }
        try expect(reset.contains("Resetting now."), reset)
        // QEMU ends where a machine would start again.
        try await rescue.guest.ended(within: .seconds(240))
        rescue.lab.timeline.note("guest", "reset")
    }

    // MARK: The newer host

    private func repair(
        _ commands: [String], _ server: Guest, _ newer: NewerHost
    ) async throws {
        func typed(_ words: String, mayEndWith other: Int32 = 0) async throws -> String {
            try await self.typed(
                words, newer.ssh, newer.address, within: .seconds(400), mayEndWith: other)
        }
        _ = try await typed(commands[0])
        let loggedIn = try await typed(commands[1])
        let found = try await typed(try printed("davit repair", in: loggedIn))
        try expect(found.contains("journal to be replayed"), found)
        for number in 0..<3 { try expect(found.contains("member \(number): /dev/"), found) }

        let tried = try await typed(printed("davit repair --trial", in: found), mayEndWith: 1)
        try expect(tried.contains("After the repair: "), tried)
        let command = try printed("davit repair --run", in: found)
        let watch = try await cutShort(command, server, newer)
        // It goes on without a session; that shows the same to who comes back, and how it ends.
        say("$ ssh root@\(newer.address) \(watch)")
        let watching = try newer.ssh.start(host: newer.address, [watch])
        try await expectProgress(watching.output)
        try server.setPace(requests: 0)
        let ended = try await watching.result(within: .seconds(400))
        say(indented(ended.text + ended.errors))
        try expect(ended.status == .exited(0) || ended.status == .exited(1), ended.text)
        try expect(ended.text.contains("after: clean, journal empty"), ended.text)

        let loggedOut = try await typed(commands[2])
        try expect(loggedOut.contains("Logged out of"), loggedOut)
        let stopped = try await typed(commands[3])
        try expect(stopped.components(separatedBy: " is free.").count == 4, stopped)
    }

    /// Begins the repair as a person does at a terminal, on disks so slow that it is not over when the session is cut.
    /// - Returns: the command that the repair named for who comes back.
    private func cutShort(
        _ command: String, _ server: Guest, _ newer: NewerHost
    ) async throws -> String {
        say("$ ssh -t root@\(newer.address) \(command)")
        let session = try newer.ssh.start(host: newer.address, terminal: true, [command])
        let question = try await session.output.expect("? (yes/no)", within: .seconds(240))
        try server.setPace(requests: 8)
        session.write("yes\n")
        let begun = try await session.output.expect(
            "It goes on when this session ends; '", after: question, within: .seconds(240))
        let end = try await session.output.expect("'", after: begun, within: .seconds(240))
        try await expectProgress(session.output, after: end)
        await session.kill()
        say(indented(session.output.text) + "\n  The session is cut.")
        return String(session.output.text(from: begun, to: end).dropLast())
    }

    private func expectProgress(
        _ said: Transcript, after mark: Transcript.Mark? = nil
    ) async throws {
        try await said.expect("working: ", after: mark, within: .seconds(240))
    }

    // MARK: Typing

    private func typed(
        _ words: String, _ ssh: SSHClient, _ host: String, within limit: Duration = .seconds(240),
        mayEndWith other: Int32 = 0
    ) async throws -> String {
        say("$ ssh root@\(host) \(words)")
        let result = try await ssh.run(host: host, [words], within: limit)
        say(indented(result.text + result.errors))
        if result.status != .exited(other) { try result.checked() }
        return result.text
    }

    /// The rest of the first line of `text` that ends with a command that begins with `words`.
    private func printed(_ words: String, in text: String) throws -> String {
        for line in text.split(separator: "\n") {
            if let range = line.range(of: words) { return String(line[range.lowerBound...]) }
        }
        throw LabError.unexpected("There is no '\(words)' in: \(text)")
    }

    private func expect(_ holds: Bool, _ said: String) throws {
        guard holds else { throw LabError.unexpected("This was to say more: \(said)") }
    }

    private func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }
}
